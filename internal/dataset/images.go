// Package dataset is where images come from and how they become batches.
//
// A source of images is an [Images]: CIFAR-10's binary files ([OpenCIFAR10]), image files ([OpenFolder]) or generated
// images ([NewProcedural]), each with held-out images beside those to train on. A [Loader] turns them into a sequence
// of augmented [Batch] values on another goroutine. Everything that is random is derived by hashing a seed and a
// position, so that any batch can be made without those before it: a run that is resumed sees what an unbroken one
// sees, and runs that differ in clipping only see the same batches.
package dataset

// Images is a fixed collection of images of one shape. Its methods may be called by several goroutines at a time.
type Images interface {
	// Len is the number of images.
	Len() int
	// Shape is that of every image; channels is 3.
	Shape() (height, width, channels int)
	// Read fills pixels, of length height*width*channels, with image i: [H,W,C], values from 0 to 255.
	Read(i int, pixels []float32) error
	// ID says which image i is: "data_batch_1:17", a file's path, or "procedural:17".
	ID(i int) string
	// Name says in a few words what the images are.
	Name() string
	// Hash is the hexadecimal SHA-256 of the images' content: the same images have the same hash wherever they lie.
	Hash() string
}
