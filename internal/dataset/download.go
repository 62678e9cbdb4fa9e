package dataset

// cifarArchive is the name of CIFAR-10's published archive.
const cifarArchive = "cifar-10-binary.tar.gz"
