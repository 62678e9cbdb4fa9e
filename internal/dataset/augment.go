package dataset

import (
	"math"

	"alrc/internal/random"
)

// augment applies experiment 1's augmentation to an image [H,W,C] of values from 0 to 255, in the published order: a
// flip from left to right, or not; brightness, one number of [-63, 63] added to all pixels; contrast, scaling about
// each channel's mean by a number of [0.2, 1.8]; and then [Standardize]. (Ede and Beanland 2020, experiment 1.)
func augment(pixels []float32, width, channels int, draws *random.Stream) {
	if draws.Uint64()>>63 == 1 {
		flip(pixels, width, channels)
	}
	brightness := draws.Uniform(-63, 63)
	contrast := draws.Uniform(0.2, 1.8)
	standardize(pixels, channels, brightness, contrast)
}

func flip(pixels []float32, width, channels int) {
	for ; len(pixels) > 0; pixels = pixels[width*channels:] {
		row := pixels[:width*channels]
		for left, right := 0, len(row)-channels; left < right; left, right = left+channels, right-channels {
			for c := range channels {
				row[left+c], row[right+c] = row[right+c], row[left+c]
			}
		}
	}
}

// Standardize subtracts the mean of an image and divides it by its standard deviation, or by 1 / sqrt(len(pixels))
// where that is larger, in place. It is what augmentation ends with, and all that held-out images get.
func Standardize(pixels []float32) { standardize(pixels, 1, 0, 1) }

// standardize does brightness, contrast and standardising at once: together they are one factor, and one offset for
// each channel, which follow from the channels' sums. Brightness falls out again when the mean is subtracted; it
// takes part so that the order is the published one. Products are converted before they are added, which keeps
// machines that can fuse the two from rounding otherwise than those that cannot.
func standardize(pixels []float32, channels int, brightness, contrast float64) {
	count := float64(len(pixels) / channels)
	var shift [maxChannels]float64
	var mean, square float64
	for c := range channels {
		var sum, sumSquares float64
		for i := c; i < len(pixels); i += channels {
			value := float64(pixels[i])
			sum += value
			sumSquares += float64(value * value)
		}
		channelMean := sum / count
		variance := max(0, sumSquares/count-float64(channelMean*channelMean))
		shift[c] = channelMean
		mean += channelMean + brightness
		square += float64(float64(variance*contrast)*contrast) + float64(channelMean*channelMean)
	}
	mean /= float64(channels)
	centre := mean - brightness
	variance := max(0, square/float64(channels)-float64(centre*centre))
	scale := 1 / max(math.Sqrt(variance), 1/math.Sqrt(float64(len(pixels))))
	factor := float32(scale * contrast)
	for c := range channels {
		bright := shift[c] + brightness
		offset := float32(float64(bright-mean) * scale)
		middle := float32(shift[c])
		for i := c; i < len(pixels); i += channels {
			pixels[i] = float32((pixels[i]-middle)*factor) + offset
		}
	}
}

// maxChannels is the largest number of channels of an image.
const maxChannels = 4
