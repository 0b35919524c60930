package main

import (
	"io"
	"os"
	"strings"
)

// maxSecret bounds a file that holds one secret, in bytes.
const maxSecret = 16 << 10

// readSecret reads a secret that stands alone in a file.
func readSecret(path string) (string, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	secret := strings.TrimSpace(string(data))
	switch {
	case err != nil:
		return "", err
	case secret == "":
		return "", usage("the file %s is empty: write the secret into it", path)
	case len(data) > maxSecret:
		return "", usage("the file %s is longer than any secret: name the file that holds the secret alone", path)
	}
	return secret, nil
}
