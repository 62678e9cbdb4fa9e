package nolog

import (
	"bytes"
	"encoding/binary"
)

// magics are the first bytes of files that hold no text.
var magics = []struct {
	at                   int
	bytes, what, instead string
}{
	{0, "\x93NUMPY", "an array of NumPy", "save the losses as text by numpy.savetxt, and give that"},
	{0, "\x89HDF\r\n\x1a\n", "an HDF5 file, such as the weights of a network", GiveLog},
	{0, "GGUF", "the weights of a network (GGUF)", GiveLog},
	{0, "\x89PNG", "an image", giveNumbers},
	{0, "\xff\xd8\xff", "an image", giveNumbers},
	{0, "GIF8", "an image", giveNumbers},
	{0, "II*\x00", "an image", giveNumbers},
	{0, "MM\x00*", "an image", giveNumbers},
	{8, "WEBP", "an image", giveNumbers},
	{0, "%PDF-", "a PDF document", giveNumbers},
	{8, "WAVE", "a sound", GiveLog},
	{0, "OggS", "a sound", GiveLog},
	{0, "fLaC", "a sound", GiveLog},
	{0, "ID3", "a sound", GiveLog},
	{4, "ftyp", "a video", GiveLog},
	{0, "\x7fELF", "a program", runIt},
	{0, "MZ", "a program", runIt},
	{0, "\xcf\xfa\xed\xfe", "a program", runIt},
	{0, "SQLite format 3\x00", "a database of SQLite", "export the losses from it as CSV, and give that"},
	{0, "PAR1", "a table of Parquet", saveAsCSV},
	{0, "ARROW1", "a table of Arrow", saveAsCSV},
	{0, "MATLAB 5.0 MAT", "a file of MATLAB's variables", "save the losses as CSV by writematrix, and give that"},
	{0, "\xd0\xcf\x11\xe0", "a document of Microsoft Office", saveAsCSV},
	{257, "ustar", "an archive (tar)", unpack},
	{0, "7z\xbc\xaf\x27\x1c", "an archive (7z)", unpack},
	{0, "Rar!", "an archive (rar)", unpack},
}

// Binary tells what a file is that holds no text.
func Binary(head []byte) Kind {
	for _, m := range magics {
		if len(head) > m.at && bytes.HasPrefix(head[m.at:], []byte(m.bytes)) {
			return Kind{What: m.what, Instead: m.instead}
		}
	}
	switch {
	case isPickle(head):
		return Kind{What: "a pickle of Python's, such as a checkpoint of PyTorch", Instead: GiveLog}
	case isSafetensors(head):
		return Kind{What: "the weights of a network (safetensors)", Instead: GiveLog}
	}
	return Kind{What: "a binary file of no kind that is known here", Instead: GiveLog}
}

// isPickle recognises Python's pickles from protocol 2 on.
func isPickle(head []byte) bool {
	return len(head) > 4 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5 && bytes.IndexByte([]byte("\x95\x8a}](cGKJMXUVq\x8c)N"), head[2]) >= 0
}

// isSafetensors recognises weights behind a JSON header whose length comes first.
func isSafetensors(head []byte) bool {
	return len(head) > 10 && binary.LittleEndian.Uint64(head) < 100<<20 && head[8] == '{' && head[9] == '"'
}

// Archive tells what a zip archive is, by the name of its first member.
func Archive(head []byte) (Kind, bool) {
	const nameAt = 30
	if len(head) < nameAt || !bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		return Kind{}, false
	}
	name := head[nameAt:min(len(head), nameAt+int(binary.LittleEndian.Uint16(head[26:])))]
	is := func(part string) bool { return bytes.Contains(head, []byte(part)) }
	switch {
	case bytes.HasSuffix(name, []byte(".pkl")), bytes.HasSuffix(name, []byte("/version")), bytes.HasSuffix(name, []byte(".format_version")):
		return Kind{What: "a checkpoint of PyTorch", Instead: GiveLog}, true
	case bytes.HasSuffix(name, []byte(".npy")):
		return Kind{What: "an archive of NumPy's arrays", Instead: "save the losses as text by numpy.savetxt, and give that"}, true
	case is("xl/"), is("application/vnd.oasis.opendocument.spreadsheet"):
		return Kind{What: "a spreadsheet", Instead: saveAsCSV}, true
	case is("word/"), is("ppt/"), is("[Content_Types].xml"), is("application/vnd.oasis.opendocument"):
		return Kind{What: "a document", Instead: GiveLog}, true
	case is("META-INF/"):
		return Kind{What: "a program", Instead: runIt}, true
	case bytes.HasSuffix(name, []byte("config.json")), bytes.HasSuffix(name, []byte("metadata.json")):
		return Kind{What: "a model of Keras", Instead: GiveLog}, true
	}
	return Kind{}, false
}
