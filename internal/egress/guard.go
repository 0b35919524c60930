package egress

import (
	"fmt"
	"net/netip"
	"slices"
	"syscall"

	"code.dny.dev/ssrf"
)

// control is what a net.Dialer asks before it connects to a resolved address.
type control = func(network, address string, c syscall.RawConn) error

// privateV4 and privateV6 are what "private" means where private is allowed.
var (
	privateV4 = prefixes("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
	privateV6 = prefixes("::1/128", "fc00::/7")
)

// metadata are the addresses within the private ranges from which clouds serve
// credentials to their machines: AWS over IPv6, and Alibaba. The usual one,
// 169.254.169.254, is link-local and never allowed.
var metadata = []netip.Addr{netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("100.100.100.200")}

// newGuard refuses what is not public, except the private ranges if allowed.
func newGuard(allowPrivate bool) control {
	options := []ssrf.Option{ssrf.WithAnyPort()}
	if allowPrivate {
		options = append(options, ssrf.WithAllowedV4Prefixes(privateV4...), ssrf.WithAllowedV6Prefixes(privateV6...))
	}
	guardian := ssrf.New(options...)
	return func(_, address string, _ syscall.RawConn) error {
		ip, err := resolved(address)
		if err != nil {
			return err
		}
		if err := guardian.SafeAddr(ip); err != nil {
			return fmt.Errorf("%w: %s", ErrPrivateAddress, ip)
		}
		return nil
	}
}

// guardPrivateOnly lets plain http go to private addresses and nowhere else.
func guardPrivateOnly(_, address string, _ syscall.RawConn) error {
	ip, err := resolved(address)
	if err != nil {
		return err
	}
	within := func(p netip.Prefix) bool { return p.Contains(ip) }
	if !slices.ContainsFunc(privateV4, within) && !slices.ContainsFunc(privateV6, within) {
		return fmt.Errorf("%w, because %s is no allowed private address", ErrPlainHTTP, ip)
	}
	return nil
}

// resolved reads the address that is about to be dialled. An IPv4 address in
// IPv6 clothes is judged as IPv4, and one with a zone is link-local at best.
func resolved(address string) (netip.Addr, error) {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("%w: %q", ErrPrivateAddress, address)
	}
	ip := target.Addr().Unmap()
	if ip.Zone() != "" || slices.Contains(metadata, ip) {
		return netip.Addr{}, fmt.Errorf("%w: %s", ErrPrivateAddress, ip)
	}
	return ip, nil
}

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(texts))
	for _, text := range texts {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}
