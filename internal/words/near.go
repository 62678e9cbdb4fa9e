package words

import (
	"slices"
	"strings"
)

// DidYouMean is a hint at the few of some names that may have been meant by one that is none of them, each as written writes it:
// "; did you mean steps?". It is "" where none is near.
func DidYouMean(name string, names []string, written func(near string) string) string {
	near := nearest(name, names)
	if len(near) == 0 {
		return ""
	}
	for i := range near {
		near[i] = written(near[i])
	}
	return "; did you mean " + strings.Join(near, " or ") + "?"
}

// nearest returns the few names that are most like one: of the same letters, whatever stands between these, or else begun or
// misspelt. Of names with dots the last part counts, so that a setting is found wherever it belongs.
func nearest(name string, names []string) (near []string) {
	const most, fewest = 3, 3 // names, and letters of the beginning of one
	for allowed := range 3 {
		for _, other := range names {
			given, meant := name, other
			if i := strings.LastIndexByte(meant, '.'); i >= 0 {
				given, meant = given[strings.LastIndexByte(given, '.')+1:], meant[i+1:]
			}
			given, meant = letters(given), letters(meant)
			isNear := editDistance(given, meant) <= min(allowed, len(meant)/3) ||
				allowed > 0 && len(given) >= fewest && strings.HasPrefix(meant, given)
			if isNear && len(near) < most && !slices.Contains(near, other) {
				near = append(near, other)
			}
		}
		if len(near) > 0 {
			break
		}
	}
	return near
}

var apart = strings.NewReplacer("_", "", "-", "", " ", "")

// letters returns a name without what parts its words, in lower case.
func letters(name string) string { return apart.Replace(strings.ToLower(name)) }

// editDistance is the number of letters to be put in, taken out, replaced or swapped with the next to make one word of another: the
// optimal string alignment distance (Damerau, "A technique for computer detection and correction of spelling errors", 1964).
func editDistance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replaced := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			rows[i][j] = min(replaced, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
