package lexicon

import (
	"slices"
	"strings"
)

// functionValues are names under which optimisers print what they minimise or maximise, word by word.
var functionValues = map[string]bool{"f": true, "f x": true, "fx": true, "fval": true, "fun": true, "func": true, "func value": true, "function value": true, "value": true,
	"val": true, "log prob": true, "log posterior": true, "lp": true, "val and grad norm": true}

// IsFunctionValue says whether a name is one for the value of any function, which where it is optimised is a loss.
func IsFunctionValue(name string) bool { return functionValues[strings.Join(Words(name), " ")] }

// gradientWords name a gradient, and normWords its size.
var (
	gradientWords = Set("g grad grads gradient gradients projg")
	normWords     = Set("norm norms optimality gnorm projg pg")
)

// IsGradientNorm says whether a name is of the size of a gradient: "||grad||", "gradient norm", "first-order optimality".
func IsGradientNorm(name string) bool {
	words := Words(name)
	if strings.HasPrefix(name, "|") && strings.HasSuffix(name, "|") {
		return slices.ContainsFunc(words, func(word string) bool { return gradientWords[word] })
	}
	norm := slices.ContainsFunc(words, func(word string) bool { return normWords[word] })
	return norm && (len(words) == 1 || slices.ContainsFunc(words, func(word string) bool { return gradientWords[word] || word == "optimality" }))
}
