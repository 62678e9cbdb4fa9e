package dataset

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	xtiff "golang.org/x/image/tiff"

	"alrc/internal/format/npy/npytest"
	"alrc/internal/format/tiff"
	"alrc/internal/imagefile"
	"alrc/internal/random"
)

func pngOf(tb testing.TB, m image.Image) []byte {
	tb.Helper()
	var buffer bytes.Buffer
	if err := png.Encode(&buffer, m); err != nil {
		tb.Fatal(err)
	}
	return buffer.Bytes()
}

func jpegOf(tb testing.TB, m image.Image) []byte {
	tb.Helper()
	var buffer bytes.Buffer
	if err := jpeg.Encode(&buffer, m, &jpeg.Options{Quality: 100}); err != nil {
		tb.Fatal(err)
	}
	return buffer.Bytes()
}

func tiffOf(tb testing.TB, images ...tiff.Image) []byte {
	tb.Helper()
	var buffer bytes.Buffer
	if err := tiff.Write(&buffer, images); err != nil {
		tb.Fatal(err)
	}
	return buffer.Bytes()
}

func shortTIFF(tb testing.TB, m image.Image) []byte {
	tb.Helper()
	var buffer bytes.Buffer
	if err := xtiff.Encode(&buffer, m, nil); err != nil {
		tb.Fatal(err)
	}
	return buffer.Bytes()
}

// paint draws an image by a function of row and column.
func paint[M interface {
	image.Image
	Set(x, y int, c color.Color)
}](m M, at func(x, y int) color.Color) M {
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			m.Set(x, y, at(x, y))
		}
	}
	return m
}

// numbered makes a PNG image that no other number's is like.
func numbered(tb testing.TB, number int) []byte {
	return pngOf(tb, paint(image.NewGray(image.Rect(0, 0, 8, 8)), func(x, y int) color.Color {
		return color.Gray{uint8(random.Mix(uint64(number)<<16|uint64(x<<8|y)) >> 56)}
	}))
}

// hugePNG is a small file that says it has many pixels.
func hugePNG(width, height uint32) []byte {
	out := []byte("\x89PNG\r\n\x1a\n")
	chunk := func(kind string, data []byte) {
		out = binary.BigEndian.AppendUint32(out, uint32(len(data)))
		body := append([]byte(kind), data...)
		out = append(out, body...)
		out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(body))
	}
	chunk("IHDR", append(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height), 8, 2, 0, 0, 0))
	chunk("IDAT", nil)
	return out
}

func TestFilesThatAreSkipped(t *testing.T) {
	dir := t.TempDir()
	good := numbered(t, 1)
	files := map[string][]byte{
		"good-1.png": good, "good-2.txt": numbered(t, 2), "deep/er/good-3": numbered(t, 3), "good-4.tif": jpegOf(t, paint(image.NewGray(image.Rect(0, 0, 9, 8)), func(x, y int) color.Color { return color.Gray{uint8(x * y)} })),
		"labels.csv": []byte("name,label\n"), "empty.png": nil, "small.png": pngOf(t, image.NewGray(image.Rect(0, 0, 20, 7))),
		"truncated.png": good[:len(good)-30], "header.png": good[:20], "truncated.jpg": jpegOf(t, image.NewRGBA(image.Rect(0, 0, 64, 64)))[:300],
		"bomb.png": hugePNG(1<<30, 1<<30), "large.png": hugePNG(9000, 9000), "renamed.jpg": []byte("\x89HDF\r\n\x1a\n"),
		"truncated.tif": tiffOf(t, tiff.Image{Width: 8, Height: 8, Channels: 1, Pixels: make([]float32, 64)})[:200],
		"big.tif":       []byte("II\x2b\x00\x08\x00\x00\x00"),
		".hidden/x.png": numbered(t, 9), ".DS_Store": []byte("x"),
		"pages.tif": tiffOf(t,
			tiff.Image{Width: 9, Height: 8, Channels: 1, Pixels: make([]float32, 72)},
			tiff.Image{Width: 4, Height: 4, Channels: 1, Pixels: make([]float32, 16)},
			tiff.Image{Width: 8, Height: 8, Channels: 3, Pixels: make([]float32, 192)}),
	}
	writeFiles(t, dir, files)
	if err := os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "dangling.png")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "good-1.png"), filepath.Join(dir, "link.png")); err != nil {
		t.Fatal(err)
	}
	train, test, skipped, err := OpenFiles(imagefile.Selection{Paths: []string{dir}, HoldOut: "0.3"}, 8)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, images := range []Images{train, test} {
		for i := range images.Len() {
			name, _ := filepath.Rel(dir, images.ID(i))
			ids = append(ids, name)
		}
	}
	slices.Sort(ids)
	if want := []string{"deep/er/good-3", "good-1.png", "good-2.txt", "good-4.tif", "pages.tif:0", "pages.tif:2"}; !slices.Equal(ids, want) {
		t.Errorf("images are %v, not %v", ids, want)
	}
	reasons := map[string]string{
		"labels.csv": "no PNG, JPEG, TIFF, .npy", "empty.png": "empty", "small.png": "20x7 pixels are fewer", "truncated.png": "not enough pixel data",
		"header.png": "ends too early", "truncated.jpg": "ends too early", "bomb.png": "PNG", "large.png": "9000x9000 pixels are more than",
		"renamed.jpg": "superblock: 24 bytes", "truncated.tif": "truncated", "big.tif": "BigTIFF", "dangling.png": "no such file", "pages.tif:1": "4x4 pixels are fewer",
	}
	for _, s := range skipped {
		name, _ := filepath.Rel(dir, s.Path)
		if want, ok := reasons[name]; !ok || !strings.Contains(s.Err.Error(), want) {
			t.Errorf("%s is skipped since %v; the reason should say %q", name, s.Err, want)
		}
		delete(reasons, name)
	}
	if len(reasons) > 0 {
		t.Errorf("nothing is said about %v", reasons)
	}
}

func TestOpenFilesSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, map[string][]byte{"a.png": numbered(t, 1), "b.png": numbered(t, 2), "notes.txt": []byte("notes"), "only/one.png": numbered(t, 3), "only/two.png": numbered(t, 3)})
	if err := os.Mkdir(filepath.Join(dir, "nothing"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		paths   []string
		holdOut string
		size    int
		want    string
	}{
		"nowhere":           {[]string{dir + "/nowhere"}, "", 8, "no such file or folder"},
		"glob of nothing":   {[]string{dir + "/*.jpg"}, "", 8, "no file that matches"},
		"bad glob":          {[]string{dir + "/["}, "", 8, "syntax error in pattern"},
		"empty folder":      {[]string{dir + "/nothing"}, "", 8, "there is no file in"},
		"no path":           {nil, "", 8, "there is no file in"},
		"no images":         {[]string{dir + "/notes.txt"}, "", 8, "notes.txt: it is no PNG"},
		"all too small":     {[]string{dir}, "", 64, "at least 64x64 pixels"},
		"one image":         {[]string{dir + "/a.png"}, "", 8, "one file only"},
		"copies of one":     {[]string{dir + "/only"}, "", 8, "one file only"},
		"all held out":      {[]string{dir + "/a.png"}, dir + "/*.png", 8, "none is left to train on"},
		"none held out":     {[]string{dir + "/*.png"}, dir + "/notes.txt", 8, "none of the images to hold out"},
		"hold out nowhere":  {[]string{dir}, dir + "/x*", 8, "images to hold out: "},
		"hold out nothing":  {[]string{dir}, "0", 8, "fraction between 0 and 1"},
		"hold out all":      {[]string{dir}, "1", 8, "fraction between 0 and 1"},
		"hold out NaN":      {[]string{dir}, "NaN", 8, "fraction between 0 and 1"},
		"size of one pixel": {[]string{dir}, "", 1, "2 to 4096 pixels"},
		"huge size":         {[]string{dir}, "", 1 << 20, "2 to 4096 pixels"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, _, err := OpenFiles(imagefile.Selection{Paths: test.paths, HoldOut: test.holdOut}, test.size)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v; it should say %q", err, test.want)
			}
		})
	}
}

// sides returns the base names of the files on each side.
func sides(t *testing.T, paths []string, holdOut string) (train, test []string) {
	t.Helper()
	a, b, _, err := OpenFiles(imagefile.Selection{Paths: paths, HoldOut: holdOut}, 8)
	if err != nil {
		t.Fatal(err)
	}
	for i := range a.Len() {
		train = append(train, filepath.Base(a.ID(i)))
	}
	for i := range b.Len() {
		test = append(test, filepath.Base(b.ID(i)))
	}
	slices.Sort(train)
	slices.Sort(test)
	return train, test
}

func TestHoldOutFraction(t *testing.T) {
	dir := t.TempDir()
	files := map[string][]byte{}
	for i := range 100 {
		files[fmt.Sprintf("%d.png", i)] = numbered(t, i)
		files[fmt.Sprintf("copies/copy-%d.png", i)] = numbered(t, i)
	}
	writeFiles(t, dir, files)
	_, before := sides(t, []string{dir}, "0.2")
	if len(before) < 20 || len(before) > 60 {
		t.Errorf("0.2 of 200 files are %d", len(before))
	}
	for i := range 100 {
		if slices.Contains(before, fmt.Sprintf("%d.png", i)) != slices.Contains(before, fmt.Sprintf("copy-%d.png", i)) {
			t.Errorf("%d.png and its copy are on different sides", i)
		}
	}
	for i := range 100 {
		writeFiles(t, dir, map[string][]byte{fmt.Sprintf("new-%d.png", i): numbered(t, 1000+i)})
	}
	train, after := sides(t, []string{dir}, "0.2")
	if len(train)+len(after) != 300 {
		t.Errorf("%d files are used for training and %d for tests, of 300", len(train), len(after))
	}
	if old := slices.DeleteFunc(after, func(name string) bool { return strings.HasPrefix(name, "new-") }); !slices.Equal(old, before) {
		t.Errorf("with more files others are held out: %v, before %v", old, before)
	}
	// Either side has a file, however few there are.
	for _, fraction := range []string{"0.001", "0.999"} {
		if train, test := sides(t, []string{dir + "/1.png", dir + "/2.png", dir + "/3.png"}, fraction); len(train) < 1 || len(test) < 1 || len(train)+len(test) != 3 {
			t.Errorf("%s of 3 files: %v for training and %v for tests", fraction, train, test)
		}
	}
}

func TestHoldOutFiles(t *testing.T) {
	dir := t.TempDir()
	files := map[string][]byte{}
	for i := range 6 {
		files[fmt.Sprintf("%d.png", i)] = numbered(t, i)
	}
	files["copy-of-2.png"] = files["2.png"]
	files["apart/9.png"] = numbered(t, 9)
	writeFiles(t, dir, files)
	globs := []string{dir + "/[0-9].png", dir + "/*.png", dir + "/1.png", dir + "/../" + filepath.Base(dir) + "/1.png"}
	for _, test := range []struct {
		holdOut     string
		train, test []string
	}{
		{dir + "/2.png", []string{"0.png", "1.png", "3.png", "4.png", "5.png"}, []string{"2.png"}},
		{dir + "/[0-3].png", []string{"4.png", "5.png"}, []string{"0.png", "1.png", "2.png", "3.png"}},
		{dir + "/apart", []string{"0.png", "1.png", "2.png", "3.png", "4.png", "5.png", "copy-of-2.png"}, []string{"9.png"}},
	} {
		train, held := sides(t, globs, test.holdOut)
		if !slices.Equal(train, test.train) || !slices.Equal(held, test.test) {
			t.Errorf("%s held out: %v for training and %v for tests, not %v and %v", test.holdOut, train, held, test.train, test.test)
		}
	}
	_, _, skipped, err := OpenFiles(imagefile.Selection{Paths: globs, HoldOut: dir + "/2.png"}, 8)
	if err != nil {
		t.Fatal(err)
	}
	if len(skipped) != 1 || filepath.Base(skipped[0].Path) != "copy-of-2.png" || !strings.Contains(skipped[0].Err.Error(), "2.png, which is held out") {
		t.Errorf("skipped is %v", skipped)
	}
}

// The hash and the order of images follow from their content, not from where they lie.
func TestFilesHash(t *testing.T) {
	open := func(files map[string][]byte, size int) (train, test Images) {
		t.Helper()
		dir := t.TempDir()
		writeFiles(t, dir, files)
		train, test, _, err := OpenFiles(imagefile.Selection{Paths: []string{dir}, HoldOut: "0.3"}, size)
		if err != nil {
			t.Fatal(err)
		}
		return train, test
	}
	files, renamed := map[string][]byte{}, map[string][]byte{}
	for i := range 20 {
		files[fmt.Sprintf("%d.png", i)] = numbered(t, i)
		renamed[fmt.Sprintf("elsewhere/%d", 100-i)] = numbered(t, i)
	}
	train, test := open(files, 8)
	again, testAgain := open(renamed, 8)
	if train.Hash() != again.Hash() || test.Hash() != testAgain.Hash() {
		t.Error("the same images by other names have another hash")
	}
	one, other := make([]float32, 192), make([]float32, 192)
	for i := range train.Len() {
		if train.Read(i, one) != nil || again.Read(i, other) != nil || !slices.Equal(one, other) {
			t.Errorf("image %d is another where files have other names", i)
		}
	}
	smaller, _ := open(files, 6)
	files["3.png"] = numbered(t, 333)
	changed, changedTest := open(files, 8)
	if smaller.Hash() == train.Hash() || changed.Hash()+changedTest.Hash() == train.Hash()+test.Hash() || train.Hash() == test.Hash() {
		t.Error("other images have the same hash")
	}
}

// Images that do not fit into memory are read from their files, as they were.
func TestImagesThatAreNotKept(t *testing.T) {
	dir := t.TempDir()
	files := map[string][]byte{"pages.tif": tiffOf(t,
		tiff.Image{Width: 8, Height: 8, Channels: 1, Pixels: slices.Repeat([]float32{1, 2, 3, 5}, 16)},
		tiff.Image{Width: 8, Height: 8, Channels: 1, Pixels: slices.Repeat([]float32{1, 2, 30, 50}, 16)})}
	for i := range 10 {
		files[fmt.Sprintf("%d.png", i)] = numbered(t, i)
	}
	writeFiles(t, dir, files)
	train, _, _, err := OpenFiles(imagefile.Selection{Paths: []string{dir}, HoldOut: dir + "/0.png"}, 8)
	if err != nil {
		t.Fatal(err)
	}
	want := make([][]float32, train.Len())
	for i := range want {
		want[i] = make([]float32, 192)
		if err := train.Read(i, want[i]); err != nil {
			t.Fatal(err)
		}
		m := &train.(*fileImages).list[i].Kept
		if m.bytes == nil && m.floats == nil {
			t.Errorf("%s is not kept", train.ID(i))
		}
		m.bytes, m.floats = nil, nil
	}
	var readers sync.WaitGroup
	for range 4 {
		readers.Add(1)
		go func() {
			defer readers.Done()
			pixels := make([]float32, 192)
			for i := range want {
				if err := train.Read(i, pixels); err != nil || !slices.Equal(pixels, want[i]) {
					t.Errorf("%s is not what it was (%v)", train.ID(i), err)
				}
			}
		}()
	}
	readers.Wait()
	if train.Read(-1, want[0]) == nil || train.Read(train.Len(), want[0]) == nil || train.Read(0, want[0][1:]) == nil {
		t.Error("an image that is not there, or does not fit, was read")
	}
	path := train.ID(0)
	if err := os.Chtimes(strings.SplitN(path, ".tif:", 2)[0], time.Now(), time.Now().Add(time.Hour)); err != nil {
		path = strings.SplitN(path, ":", 2)[0]
		if err := os.Chtimes(path, time.Now(), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if err := train.Read(0, want[0]); err == nil || !strings.Contains(err.Error(), "was changed") {
		t.Errorf("of a file that was changed the error is %v", err)
	}
}

// Beyond the bound images are not kept; how much is kept stays within it.
func TestKeptImagesAreBounded(t *testing.T) {
	budget := imagefile.Budget{Most: 300}
	colour, grey := keep(make([]float32, 192), true, &budget), keep(make([]float32, 64), true, &budget)
	floats, small := keep(make([]float32, 64), false, &budget), keep(make([]float32, 11), false, &budget)
	if colour.bytes == nil || grey.bytes == nil || floats.floats != nil || small.floats == nil {
		t.Errorf("of 192, 64, 256 and 44 bytes below a bound of 300 are kept %v", []bool{colour.bytes != nil, grey.bytes != nil,
			floats.floats != nil, small.floats != nil})
	}
}

func TestRealMicrographFiles(t *testing.T) {
	const dir = "../../testdata/partial-STEM"
	train, test, skipped, err := OpenFiles(imagefile.Selection{Paths: []string{dir}, HoldOut: dir + "/truth-5.tif"}, 64)
	if err != nil {
		t.Fatal(err)
	}
	if train.Len() != 5 || test.Len() != 1 || len(skipped) != 2 || !strings.HasSuffix(skipped[1].Path, ".txt") {
		t.Errorf("%d images to train on and %d to test on; skipped: %v", train.Len(), test.Len(), skipped)
	}
	pixels := make([]float32, 64*64*3)
	for i := range train.Len() {
		if err := train.Read(i, pixels); err != nil {
			t.Fatal(err)
		}
		if low, high := slices.Min(pixels), slices.Max(pixels); low < 0 || high > 255 || high-low < 60 {
			t.Errorf("%s is from %v to %v", train.ID(i), low, high)
		}
	}
}

// The images of an array are separate, and divided one by one.
func TestImagesOfAnArray(t *testing.T) {
	var all []float32
	for i := range 20 {
		for at := range 64 {
			all = append(all, float32((i+3)*at%17))
		}
	}
	var content bytes.Buffer
	if err := npytest.Write(&content, []int{20, 8, 8}, all); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	writeFiles(t, dir, map[string][]byte{"crops.npy": content.Bytes()})
	train, test, skipped, err := OpenFiles(imagefile.Selection{Paths: []string{dir}, HoldOut: "0.3"}, 8)
	if err != nil || len(skipped) > 0 || train.Len()+test.Len() != 20 || test.Len() < 1 || test.Len() > 14 {
		t.Fatalf("%v; skipped %v", err, skipped)
	}
}
