package decimal

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

func check(t testing.TB, text string) {
	t.Helper()
	want, err := strconv.ParseFloat(text, 64)
	if err != nil && !(math.IsInf(want, 0) || want == 0) {
		t.Fatalf("%q is no number for strconv: %v", text, err)
	}
	got, n := Parse([]byte(text))
	if n != len(text) || math.Float64bits(got) != math.Float64bits(want) {
		t.Errorf("Parse(%q) = %v (%x), %d bytes; strconv says %v (%x)", text, got, math.Float64bits(got), n, want, math.Float64bits(want))
	}
}

func TestParseIsExact(t *testing.T) {
	for _, text := range []string{"0", "-0", "1", ".5", "5.", "1e22", "1e23", "9007199254740993", "9007199254740992.5",
		"0.1", "1e-400", "1e400", "-1e400", "4.9e-324", "2.2250738585072011e-308", "15.130768537521362",
		"00000000000000000000000000001.5", "123456789012345678901234567890", "9223372036854775808", "18446744073709551615",
		"8.5e15", "4503599627370497.5", "4503599627370496.5", "1E5", "1e+05", "3.4028235e38"} {
		check(t, text)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		value := math.Float64frombits(random.Uint64())
		if math.IsNaN(value) || math.IsInf(value, 0) {
			continue
		}
		check(t, strconv.FormatFloat(value, 'g', -1, 64))
		near := math.Ldexp(random.Float64(), random.IntN(80)-40)
		check(t, strconv.FormatFloat(near, 'f', -1, 64))
		check(t, strconv.FormatFloat(near, 'e', random.IntN(20), 64))
		// Exactly between two float64, and one digit off.
		check(t, strconv.FormatUint(random.Uint64()>>random.IntN(12), 10))
		check(t, fmt.Sprintf("%de%d", random.Uint64()>>random.IntN(60), random.IntN(140)-70))
	}
}

func TestParseStops(t *testing.T) {
	for text, want := range map[string]int{"": 0, "-": 0, ".": 0, "e5": 0, "1.5abc": 3, "1e": 1, "1e+": 1, "0NiN": 1, "nan": 3,
		"-inf,": 4, "Infinity": 8, "nano": 0, "infer": 0, "1.2.3": 3, "--1": 0, "NaN,": 3,
		"1.#QNAN": 7, "-1.#IND,": 7, "1.#INF00 ": 8, "1.#5": 0, "2.#INF": 2,
		"nanxxx,": 6, "-infxx": 6, "nanx": 0, "nanxxxx": 0, "Nanxxx ": 6} {
		if _, n := Parse([]byte(text)); n != want {
			t.Errorf("Parse(%q) took %d bytes, not %d", text, n, want)
		}
	}
}

func TestNotFinite(t *testing.T) {
	for text, infinite := range map[string]int{"1.#INF": 1, "-1.#INF00": -1, "1.#QNAN": 0, "-1.#IND": 0, "nanxxx": 0, "-infxx": -1} {
		if value, _ := Parse([]byte(text)); !math.IsInf(value, infinite) && infinite != 0 || infinite == 0 && !math.IsNaN(value) {
			t.Errorf("Parse(%q) = %v", text, value)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"1.5e3", "-.25", "nan", "+nAn", "1e309", "00012345678901234567890.5e-3"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, n := Parse([]byte(text))
		if n == 0 {
			return
		}
		taken := text[:n]
		if strings.ContainsAny(taken, "#x") {
			return // strconv does not take it
		}
		if strings.EqualFold(strings.TrimLeft(taken, "+-"), "nan") {
			taken = "nan" // programs in C write -nan, which strconv does not take
		}
		want, err := strconv.ParseFloat(taken, 64)
		if err != nil && !math.IsInf(want, 0) && want != 0 {
			t.Fatalf("%q is no number: %v", text[:n], err)
		}
		if math.Float64bits(got) != math.Float64bits(want) && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("Parse(%q) = %v, not %v", text[:n], got, want)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for _, text := range []string{"0.6931", "15.130768537521362"} {
		b.Run(text, func(b *testing.B) {
			field := []byte(text)
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				Parse(field)
			}
		})
	}
}
