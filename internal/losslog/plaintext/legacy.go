package plaintext

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"

	"alrc/internal/losslog/lexicon"
)

// legacies are the encodings that systems used before UTF-8, and that Windows still uses.
var legacies = []encoding.Encoding{simplifiedchinese.GB18030, japanese.ShiftJIS, japanese.EUCJP, korean.EUCKR, traditionalchinese.Big5,
	charmap.Windows1251, charmap.KOI8R, charmap.Windows1252}

// legacyOf returns the encoding of a text that is no UTF-8, by the words of logs that it makes of it; nil where it makes none.
func legacyOf(head []byte) (best encoding.Encoding) {
	const looked = 1 << 13
	head = head[:min(len(head), looked)]
	if bytes.IndexByte(head, 0) >= 0 {
		return nil // no text
	}
	for cut := 0; cut < utf8.UTFMax && cut < len(head); cut++ {
		if utf8.Valid(head[:len(head)-cut]) {
			return nil
		}
	}
	most := 0
	for _, legacy := range legacies {
		text, _ := legacy.NewDecoder().Bytes(head)
		if n := lexicon.CountForeign(string(text)); n > most {
			best, most = legacy, n
		}
	}
	return best
}
