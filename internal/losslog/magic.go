package losslog

import (
	"bytes"
	"encoding/binary"
)

// other is what a file is that is no log: "an image", and what to give instead.
type other struct{ what, instead string }

const (
	giveLog     = "give the log of the training: its console output, or a table, JSON lines or event files that it wrote"
	giveNumbers = "give the numbers that were drawn, as a table or as console output"
	saveAsCSV   = "save it as CSV, and give that"
	unpack      = "unpack it, and give the log in it"
)

// magics are the first bytes of files that hold no text.
var magics = []struct {
	at    int
	bytes string
	other
}{
	{0, "\x93NUMPY", other{"an array of NumPy", "save the losses as text by numpy.savetxt, and give that"}},
	{0, "\x89HDF\r\n\x1a\n", other{"an HDF5 file, such as the weights of a network", giveLog}},
	{0, "GGUF", other{"the weights of a network (GGUF)", giveLog}},
	{0, "\x89PNG", other{"an image", giveNumbers}},
	{0, "\xff\xd8\xff", other{"an image", giveNumbers}},
	{0, "GIF8", other{"an image", giveNumbers}},
	{0, "II*\x00", other{"an image", giveNumbers}},
	{0, "MM\x00*", other{"an image", giveNumbers}},
	{8, "WEBP", other{"an image", giveNumbers}},
	{0, "%PDF-", other{"a PDF document", giveNumbers}},
	{8, "WAVE", other{"a sound", giveLog}},
	{0, "OggS", other{"a sound", giveLog}},
	{0, "fLaC", other{"a sound", giveLog}},
	{0, "ID3", other{"a sound", giveLog}},
	{4, "ftyp", other{"a video", giveLog}},
	{0, "\x7fELF", other{"a program", "run it, and give what it prints"}},
	{0, "MZ", other{"a program", "run it, and give what it prints"}},
	{0, "\xcf\xfa\xed\xfe", other{"a program", "run it, and give what it prints"}},
	{0, "SQLite format 3\x00", other{"a database of SQLite", "export the losses from it as CSV, and give that"}},
	{0, "PAR1", other{"a table of Parquet", saveAsCSV}},
	{0, "ARROW1", other{"a table of Arrow", saveAsCSV}},
	{0, "MATLAB 5.0 MAT", other{"a file of MATLAB's variables", "save the losses as CSV by writematrix, and give that"}},
	{0, "\xd0\xcf\x11\xe0", other{"a document of Microsoft Office", saveAsCSV}},
	{257, "ustar", other{"an archive (tar)", unpack}},
	{0, "7z\xbc\xaf\x27\x1c", other{"an archive (7z)", unpack}},
	{0, "Rar!", other{"an archive (rar)", unpack}},
}

// binary tells what a file is that holds no text.
func binaryKind(head []byte) other {
	for _, m := range magics {
		if len(head) > m.at && bytes.HasPrefix(head[m.at:], []byte(m.bytes)) {
			return m.other
		}
	}
	switch {
	case isPickle(head):
		return other{"a pickle of Python's, such as a checkpoint of PyTorch", giveLog}
	case isSafetensors(head):
		return other{"the weights of a network (safetensors)", giveLog}
	}
	return other{"a binary file of no kind that is known here", giveLog}
}

// isPickle recognises Python's pickles from protocol 2 on.
func isPickle(head []byte) bool {
	return len(head) > 4 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5 && bytes.IndexByte([]byte("\x95\x8a}](cGKJMXUVq\x8c)N"), head[2]) >= 0
}

// isSafetensors recognises weights behind a JSON header whose length comes first.
func isSafetensors(head []byte) bool {
	return len(head) > 10 && binary.LittleEndian.Uint64(head) < 100<<20 && head[8] == '{' && head[9] == '"'
}

// zipKind tells what a zip archive is, by the name of its first member.
func zipKind(head []byte) (other, bool) {
	const nameAt = 30
	if len(head) < nameAt || !bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		return other{}, false
	}
	name := head[nameAt:min(len(head), nameAt+int(binary.LittleEndian.Uint16(head[26:])))]
	is := func(part string) bool { return bytes.Contains(head, []byte(part)) }
	switch {
	case bytes.HasSuffix(name, []byte(".pkl")), bytes.HasSuffix(name, []byte("/version")), bytes.HasSuffix(name, []byte(".format_version")):
		return other{"a checkpoint of PyTorch", giveLog}, true
	case bytes.HasSuffix(name, []byte(".npy")):
		return other{"an archive of NumPy's arrays", "save the losses as text by numpy.savetxt, and give that"}, true
	case is("xl/"), is("application/vnd.oasis.opendocument.spreadsheet"):
		return other{"a spreadsheet", saveAsCSV}, true
	case is("word/"), is("ppt/"), is("[Content_Types].xml"), is("application/vnd.oasis.opendocument"):
		return other{"a document", giveLog}, true
	case is("META-INF/"):
		return other{"a program", "run it, and give what it prints"}, true
	case bytes.HasSuffix(name, []byte("config.json")), bytes.HasSuffix(name, []byte("metadata.json")):
		return other{"a model of Keras", giveLog}, true
	}
	return other{}, false
}
