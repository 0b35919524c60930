package egress

import (
	"errors"
	"net"
	"net/netip"
	"testing"
)

// addresses say for each kind of address whether it is reached in the strict
// way, when private ones are allowed, and by plain http then.
var addresses = []struct {
	ip                     string
	strict, allowed, plain bool
}{
	{"8.8.8.8", true, true, false},
	{"2606:4700:4700::1111", true, true, false},
	{"127.0.0.1", false, true, true},
	{"127.255.0.3", false, true, true},
	{"::1", false, true, true},
	{"10.1.2.3", false, true, true},
	{"172.31.0.1", false, true, true},
	{"192.168.1.1", false, true, true},
	{"100.64.0.1", false, true, true},
	{"fd12::1", false, true, true},
	{"::ffff:127.0.0.1", false, true, true},
	{"::ffff:10.0.0.1", false, true, true},
	{"::ffff:8.8.8.8", true, true, false},
	{"::ffff:169.254.169.254", false, false, false},
	{"169.254.169.254", false, false, false},
	{"100.100.100.200", false, false, false},
	{"fd00:ec2::254", false, false, false},
	{"fe80::1", false, false, false},
	{"fe80::1%1", false, false, false},
	{"fd12::1%1", false, false, false},
	{"0.0.0.0", false, false, false},
	{"::", false, false, false},
	{"0.1.2.3", false, false, false},
	{"224.0.0.1", false, false, false},
	{"239.255.255.250", false, false, false},
	{"ff02::1", false, false, false},
	{"255.255.255.255", false, false, false},
	{"64:ff9b::7f00:1", false, false, false},
	{"2002:7f00:1::", false, false, false},
	{"::127.0.0.1", false, false, false},
}

func TestGuards(t *testing.T) {
	t.Parallel()
	for _, test := range addresses {
		t.Run(test.ip, func(t *testing.T) {
			t.Parallel()
			address := net.JoinHostPort(test.ip, "443")
			check(t, "strict", newGuard(false)("tcp", address, nil), test.strict, ErrPrivateAddress)
			check(t, "allowed", newGuard(true)("tcp", address, nil), test.allowed, ErrPrivateAddress)
			err := guardPrivateOnly("tcp", address, nil)
			if errors.Is(err, ErrPrivateAddress) {
				err = ErrPlainHTTP
			}
			check(t, "plain", err, test.plain, ErrPlainHTTP)
		})
	}
}

func TestGuardRefusesWhatIsNoAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "localhost:443", "127.0.0.1", "@:80", "127.1:443"} {
		check(t, address, newGuard(true)("tcp", address, nil), false, ErrPrivateAddress)
	}
}

func check(t *testing.T, name string, err error, want bool, kind error) {
	t.Helper()
	if want && err != nil || !want && !errors.Is(err, kind) {
		t.Errorf("%s: error %v, want allowed = %v", name, err, want)
	}
}

func FuzzGuard(f *testing.F) {
	for _, test := range addresses {
		f.Add(net.JoinHostPort(test.ip, "80"))
	}
	strict := newGuard(false)
	f.Fuzz(func(t *testing.T, address string) {
		if strict("tcp", address, nil) != nil {
			return
		}
		ip := netip.MustParseAddrPort(address).Addr().Unmap()
		if ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() {
			t.Fatalf("%s is let through", address)
		}
	})
}
