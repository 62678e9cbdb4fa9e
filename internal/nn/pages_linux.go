package nn

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// hugePages asks the kernel to back large memory by pages of 2 MiB: touching a gigabyte for the first time takes seconds
// in pages of 4 KiB on virtual machines. It is a hint, and its failure changes nothing but the speed.
func hugePages(data []float32) {
	const page = 2 << 20
	if 4*len(data) < 2*page {
		return
	}
	memory := unsafe.Slice((*byte)(unsafe.Pointer(&data[0])), 4*len(data))
	first := (page - int(uintptr(unsafe.Pointer(&memory[0]))%page)) % page
	last := len(memory) - (len(memory)-first)%page
	_ = unix.Madvise(memory[first:last], unix.MADV_HUGEPAGE)
}
