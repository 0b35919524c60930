package authenticator

import (
	"errors"
	"fmt"
	"image/color"
	"strings"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

// quietZone is the empty border that readers need, in squares (ISO/IEC 18004).
const quietZone = 4

// maxText bounds what is drawn, in bytes, to what the largest code of level M can
// hold: any address that [Codes] makes.
const maxText = 2300

var errText = errors.New("the text of a QR code must have 1 to 2300 bytes")

// QR draws the text with error correction of level M, as the path of an SVG
// picture whose viewBox is "0 0 size size": the dark squares, for the attribute d.
// The quiet zone is in it.
func QR(text string) (path string, size int, err error) {
	if text == "" || len(text) > maxText {
		return "", 0, errText
	}
	code, err := qr.Encode(text, qr.M, qr.Unicode)
	if err != nil {
		return "", 0, fmt.Errorf("drawing a QR code: %w", err)
	}
	squares := code.Bounds().Dx()
	var drawn strings.Builder
	for y := range squares {
		drawRow(&drawn, code, y)
	}
	return drawn.String(), squares + 2*quietZone, nil
}

// drawRow draws each run of dark squares as one rectangle.
func drawRow(path *strings.Builder, code barcode.Barcode, y int) {
	width := code.Bounds().Dx()
	for x := 0; x < width; x++ {
		run := 0
		for x+run < width && code.At(x+run, y) == color.Black {
			run++
		}
		if run > 0 {
			fmt.Fprintf(path, "M%d %dh%dv1h-%dz", x+quietZone, y+quietZone, run, run)
		}
		x += run
	}
}
