package authenticator

import (
	"fmt"
	"image/color"
	"regexp"
	"strings"
	"testing"

	"github.com/boombuler/barcode/qr"
)

var rectangle = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)

// squaresOf paints a path.
func squaresOf(t *testing.T, path string) map[[2]int]bool {
	t.Helper()
	if rest := rectangle.ReplaceAllString(path, ""); rest != "" {
		t.Fatalf("the path has more than rectangles: %.80s", rest)
	}
	dark := map[[2]int]bool{}
	for _, found := range rectangle.FindAllStringSubmatch(path, -1) {
		var x, y, width, back int
		if _, err := fmt.Sscan(strings.Join(found[1:], " "), &x, &y, &width, &back); err != nil || width != back {
			t.Fatalf("%q: %v", found, err)
		}
		for i := range width {
			dark[[2]int{x + i, y}] = true
		}
	}
	return dark
}

func TestDrawingIsTheCodeInItsQuietZone(t *testing.T) {
	t.Parallel()
	text := (Codes{}).URL((Codes{}).NewSecret(), "ada@acme.example", "Drawbridge")
	path, size, err := QR(text)
	if err != nil {
		t.Fatal(err)
	}
	code, err := qr.Encode(text, qr.M, qr.Unicode)
	if err != nil {
		t.Fatal(err)
	}
	width := code.Bounds().Dx()
	if size != width+8 {
		t.Errorf("a code of %d squares is drawn in %d", width, size)
	}
	dark := squaresOf(t, path)
	for y := range size {
		for x := range size {
			inside := x >= 4 && y >= 4 && x < width+4 && y < width+4
			want := inside && code.At(x-4, y-4) == color.Black
			if dark[[2]int{x, y}] != want {
				t.Fatalf("the square %d,%d is drawn dark: %v", x, y, !want)
			}
		}
	}
	if len(path) > 16<<10 {
		t.Errorf("the path has %d bytes", len(path))
	}
}

func TestQRRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"nothing": "", "too much": strings.Repeat("x", maxText+1)} {
		if _, _, err := QR(text); err == nil {
			t.Errorf("%s is drawn", name)
		}
	}
	if _, _, err := QR(strings.Repeat("é", maxText/2)); err != nil {
		t.Errorf("the longest text: %v", err)
	}
}
