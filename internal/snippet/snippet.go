// Package snippet holds the method as modules to paste into training programs, one for each framework.
package snippet

import (
	"embed"
	"strconv"
	"strings"
)

// Frameworks are those that there is a module for.
var Frameworks = []string{"go", "gomlx", "pytorch", "jax"}

// Go's are no Go files, so that the go command leaves them alone.
//
//go:embed text
var texts embed.FS

var files = map[string]string{"go": "go.txt", "gomlx": "gomlx.txt", "pytorch": "pytorch.py", "jax": "jax.py"}

// Text returns the module for a framework, one of Frameworks, with n and decay as its defaults.
func Text(framework string, n, decay float64) string {
	text, err := texts.ReadFile("text/" + files[framework])
	if err != nil {
		panic(err)
	}
	return strings.NewReplacer("$N", number(n), "$DECAY", number(decay)).Replace(string(text))
}

// number writes a number that is a float in every one of the languages.
func number(value float64) string {
	text := strconv.FormatFloat(value, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text
}
