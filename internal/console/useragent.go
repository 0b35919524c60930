package console

import "strings"

// sign is a word by which a browser's own name for itself gives something away.
type sign struct{ word, name string }

// Most browsers name others too, for the sake of old pages: the first word that is found counts.
var (
	browserSigns = []sign{
		{"Edg", "Edge"},
		{"OPR/", "Opera"},
		{"SamsungBrowser", "Samsung Internet"},
		{"Firefox/", "Firefox"},
		{"FxiOS", "Firefox"},
		{"CriOS", "Chrome"},
		{"Chromium/", "Chromium"},
		{"Chrome/", "Chrome"},
		{"Safari/", "Safari"},
	}
	systemSigns = []sign{
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Android", "Android"},
		{"CrOS", "ChromeOS"},
		{"Windows", "Windows"},
		{"Mac OS X", "macOS"},
		{"Linux", "Linux"},
	}
)

// nameBySign is what the first sign that is found stands for, "" for none.
func nameBySign(userAgent string, signs []sign) string {
	for _, s := range signs {
		if strings.Contains(userAgent, s.word) {
			return s.name
		}
	}
	return ""
}

// device is what a browser calls itself, in words that its owner knows it by.
func (h *Handler) device(userAgent string) string {
	browser, system := nameBySign(userAgent, browserSigns), nameBySign(userAgent, systemSigns)
	switch {
	case browser == "":
		return h.t("device.unknown")
	case system == "":
		return browser
	}
	return h.t("device", browser, system)
}
