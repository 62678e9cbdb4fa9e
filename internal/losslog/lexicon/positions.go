package lexicon

// Numbers that only their place names.
var (
	OfTotal      = []byte("n/N")  // as in "70/600"
	Bracketed    = []byte("[n]")  // as in "[500]"
	Leading      = []byte("n:")   // as in "12: loss 0.5"
	Nameless     = []byte("(it)") // as in "step 10: 2.5"
	Shared       = []byte("n %")  // as in "500 5% 0.25": the share of all steps stands behind the step
	RankName     = []byte("rank") // as in "[1,0]<stdout>:"
	OuterBracket = []byte("[N]")  // as in "[3] [10]"
)

// IsPosition says whether a name is that of a number that only its place names.
func IsPosition(name string) bool {
	return name == string(OfTotal) || name == string(Bracketed) || name == string(Leading) || name == string(OuterBracket) || name == string(Shared)
}
