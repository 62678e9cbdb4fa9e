package stabiliser

import "testing"

// What Parse takes, it writes so that it is read back the same, and methods of it can be built.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"none", "norm:1", "agc + skip:4", "zclip:2.5,inf", "spam:50,100+value", "norm:1e400", "autoclip:-0"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(s.String())
		if err != nil || again.String() != s.String() {
			t.Fatalf("%q is %q, which is read as %q (%v)", text, s, again, err)
		}
		if NewChain(s.Methods(), 3); s.Describe() == "" || s.Label() == "" {
			t.Fatalf("%q has no description or no label", text)
		}
	})
}
