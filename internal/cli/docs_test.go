package cli

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// A command in the documentation: in a block of code, or between backticks.
var documented = regexp.MustCompile("(?m)(?:^(?:    |  )?(?:\\$ |time )?|[`&] ?)(?:go run \\./cmd/alrc|(?:\\./)?alrc) ([a-z][^`\n]*)")

// A command that runs a benchmark: its folder stands before or after the name.
var documentedBenchmark = regexp.MustCompile(`go test (?:(\.[a-z/]*) )?-run xxx -bench ([A-Z][A-Za-z]+)(?: (\.[a-z/]*))?`)

// shellWords splits a command as a shell does, up to what ends it.
func shellWords(text string) (words []string) {
	word, quote, some := "", rune(0), false
	end := func() {
		if some {
			words = append(words, word)
		}
		word, some = "", false
	}
	for _, r := range text {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word += string(r)
		case r == '\'' || r == '"':
			quote, some = r, true
		case r == ' ':
			end()
		case strings.ContainsRune("#;|&<>)", r):
			end()
			return words
		default:
			word, some = word+string(r), true
		}
	}
	end()
	return words
}

// Every command that the documentation shows is one of this program, with flags that it has.
func TestDocumentedCommands(t *testing.T) {
	var files []string
	for _, pattern := range []string{"../../*.md", "../../docs/*.md", "../../docs/*/*.md", "../../gomlx/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	checked, benchmarks := 0, 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(content), "\\\n", " ")
		// Lines of prose are joined, since a command between backticks may be broken.
		text = regexp.MustCompile("(`[^`\n]*)\n([^`\n]*`)").ReplaceAllString(text, "$1 $2")
		for _, match := range documented.FindAllStringSubmatch(text, -1) {
			arguments := shellWords(match[1])
			root := newRootCommand(nil)
			if err := findCommand(root, arguments); err != nil {
				t.Errorf("%s: %s: %v", file, match[0], err)
				continue
			}
			command, rest, err := root.Find(arguments)
			if err == nil {
				err = command.ParseFlags(rest)
			}
			// A flag may be named without its value.
			if err != nil && !errors.Is(err, pflag.ErrHelp) && !strings.Contains(err.Error(), "needs an argument") {
				t.Errorf("%s: alrc %s: %v", file, match[1], err)
			}
			checked++
		}
		for _, match := range documentedBenchmark.FindAllStringSubmatch(text, -1) {
			tests, err := filepath.Glob(filepath.Join("../..", match[1]+match[3], "*_test.go"))
			if err != nil {
				t.Fatal(err)
			}
			there := func(test string) bool {
				content, err := os.ReadFile(test)
				return err == nil && regexp.MustCompile(`func Benchmark\w*`+match[2]).Match(content)
			}
			if !slices.ContainsFunc(tests, there) {
				t.Errorf("%s: there is no benchmark %s in %s", file, match[2], match[1]+match[3])
			}
			benchmarks++
		}
	}
	if checked < 100 || benchmarks < 5 {
		t.Errorf("only %d commands and %d benchmarks were found", checked, benchmarks)
	}
}
