// Package eventlog writes and reads TensorBoard event files.
//
// An event file is a sequence of records in the TFRecord framing: the length of the data (8 bytes, little-endian), a
// masked CRC-32C of these 8 bytes, the data, and a masked CRC-32C of the data. The data of each is a protocol buffer,
// tensorflow.Event. The first event names the version of the format; the others hold summaries, each of values with a
// tag. Only scalars are read and written here; what else a file holds (graphs, images, histograms) is passed over.
package eventlog

import (
	"hash/crc32"
)

// fileVersion is the first event of every file.
const fileVersion = "brain.Event:2"

const (
	headerSize = 12 // length and its checksum
	footerSize = 4  // checksum of the data
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedCRC is the checksum of the TFRecord framing: rotated and shifted, so that the checksum of data that holds
// checksums stays a good one.
func maskedCRC(data []byte) uint32 {
	return mask(crc32.Checksum(data, castagnoli))
}

func mask(crc uint32) uint32 { return (crc>>15 | crc<<17) + 0xa282ead8 }

// Field numbers of tensorflow.Event, Summary, Summary.Value, SummaryMetadata and TensorProto.
const (
	eventWallTime    = 1
	eventStep        = 2
	eventFileVersion = 3
	eventSummary     = 5

	summaryValue = 1

	valueTag         = 1
	valueSimpleValue = 2
	valueTensor      = 8
	valueMetadata    = 9

	metadataPlugin = 1
	pluginName     = 1

	tensorType    = 1
	tensorShape   = 2
	tensorContent = 4
	tensorFloat   = 5
	tensorDouble  = 6
	tensorInt     = 7
	tensorStrings = 8
	tensorInt64   = 10
	tensorHalf    = 13

	shapeDimension = 2
	dimensionSize  = 1
)

// Wire types of protocol buffers.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)
