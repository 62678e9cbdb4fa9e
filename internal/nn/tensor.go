package nn

import (
	"sync"
	"unsafe"

	"alrc/internal/nn/kernel"
)

// tensor is the images that one layer puts out, [N,H,W,C], for as many images as pass at once. Every image has a
// border of zeros that nobody writes, so that convolutions need no edges. Channels are padded to a multiple of
// kernel.Channels with channels that stay zero, but for narrow images such as a network's input.
type tensor struct {
	height, width int
	// channels is the number of channels in memory, of which the first used are the network's.
	channels, used int
	border         int
	// pitch is the number of floats from a row to the next, size from an image to the next.
	pitch, size int
	// images is the number of images that fit.
	images int
	data   []float32
}

// narrow is the largest number of channels that are not padded.
const narrow = 4

// newTensor plans a tensor; allocate gives it memory.
func newTensor(height, width, channels, images int, padded bool) *tensor {
	t := &tensor{height: height, width: width, channels: channels, used: channels, images: images}
	if padded {
		t.channels = roundUp(channels, kernel.Channels)
	}
	return t
}

// like plans a tensor of the same layout.
func (t *tensor) like() *tensor {
	other := *t
	other.data = nil
	return &other
}

// alike says whether both have the same layout.
func (t *tensor) alike(other *tensor) bool {
	return t.height == other.height && t.width == other.width && t.channels == other.channels && t.border == other.border &&
		t.images == other.images
}

// reach makes the border at least so wide.
func (t *tensor) reach(border int) { t.border = max(t.border, border) }

func (t *tensor) allocate() {
	t.pitch = (t.width + 2*t.border) * t.channels
	t.size = (t.height + 2*t.border) * t.pitch
	// Kernels of vectors may read a little beyond the last pixel.
	t.data = aligned(t.images*t.size + 64)
}

// at is the place of a pixel in data.
func (t *tensor) at(image, y, x int) int {
	return image*t.size + (y+t.border)*t.pitch + (x+t.border)*t.channels
}

// pixel is the address of a channel of a pixel.
func (t *tensor) pixel(image, y, x, channel int) *float32 {
	return &t.data[t.at(image, y, x)+channel]
}

// wide reports whether channels are padded.
func (t *tensor) wide() bool { return t.channels%kernel.Channels == 0 }

func roundUp(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }

// slabSize is the number of floats of a slab, 16 MiB.
const slabSize = 4 << 20

// slab is what is left of the memory that buffers are cut from.
var slab struct {
	sync.Mutex
	left []float32
}

// aligned allocates floats that begin at a cache line. Smaller buffers lie side by side in slabs, of huge pages where the
// system has them: looking up pages costs more than the arithmetic where a step walks over a thousand small ones, most of
// all on virtual machines.
func aligned(n int) []float32 {
	const line = 16
	if n > slabSize/2 {
		return lined(n)
	}
	slab.Lock()
	defer slab.Unlock()
	size := roundUp(n, line)
	if size > len(slab.left) {
		slab.left = lined(slabSize)
	}
	data := slab.left[:n:n]
	slab.left = slab.left[size:]
	return data
}

// lined allocates floats of their own that begin at a cache line.
func lined(n int) []float32 {
	const line = 16
	data := make([]float32, n+line)
	hugePages(data)
	offset := int(uintptr(unsafe.Pointer(&data[0]))%64) / 4
	if offset > 0 {
		data = data[line-offset:]
	}
	return data[:n:n]
}

// panels is the number of panels that channels make.
func panels(channels, panel int) int { return (channels + panel - 1) / panel }

// panelWidth is the number of channels of a panel: the last may have fewer.
func panelWidth(channels, panel, index int) int { return min(panel, channels-index*panel) }
