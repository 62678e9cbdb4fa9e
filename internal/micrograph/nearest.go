package micrograph

import (
	"math"
	"runtime"
	"sync"
)

// nearestSeen returns the place of the nearest pixel whose mask is above 0, of which there must be one, for each pixel. It goes along
// columns first, and then along rows by the lower envelope of parabolas (Felzenszwalb and Huttenlocher 2012).
func nearestSeen(mask []float32, height, width int) []int32 {
	rows, nearest := nearestInColumns(mask, height, width), make([]int32, len(mask))
	workers := min(runtime.GOMAXPROCS(0), height)
	var working sync.WaitGroup
	for worker := range workers {
		working.Add(1)
		go func() {
			defer working.Done()
			e := envelope{columns: make([]int, 0, width), starts: make([]float64, width)}
			for y := height * worker / workers; y < height*(worker+1)/workers; y++ {
				e.row(nearest[y*width:][:width], rows[y*width:][:width], y)
			}
		}()
	}
	working.Wait()
	return nearest
}

// none is the row of a column in which nothing was seen.
const none = -1

// nearestInColumns is the row of the nearest seen pixel in the same column, the upper one of two.
func nearestInColumns(mask []float32, height, width int) []int32 {
	rows, last := make([]int32, len(mask)), make([]int32, width)
	forget := func() {
		for x := range last {
			last[x] = none
		}
	}
	forget()
	for y := range height {
		row := rows[y*width:][:width]
		for x, m := range mask[y*width:][:width] {
			if m > 0 {
				last[x] = int32(y)
			}
			row[x] = last[x]
		}
	}
	forget()
	for y := height - 1; y >= 0; y-- {
		row := rows[y*width:][:width]
		for x, m := range mask[y*width:][:width] {
			if m > 0 {
				last[x] = int32(y)
			}
			if row[x] == none || last[x] != none && last[x]-int32(y) < int32(y)-row[x] {
				row[x] = last[x]
			}
		}
	}
	return rows
}

// envelope is the lower envelope of parabolas over a row: of each column, the squared distance to what is nearest in it.
type envelope struct {
	columns []int     // whose parabolas make it
	starts  []float64 // where each begins
}

// row puts the places of the nearest pixels of row y into nearest; rows are those of the nearest ones in each column.
func (e *envelope) row(nearest, rows []int32, y int) {
	height := func(x int) float64 { d := float64(rows[x] - int32(y)); return d*d + float64(x)*float64(x) }
	e.columns = e.columns[:0]
	for x := range rows {
		if rows[x] == none {
			continue
		}
		start := math.Inf(-1)
		for len(e.columns) > 0 {
			last := e.columns[len(e.columns)-1]
			start = (height(x) - height(last)) / float64(2*(x-last))
			if start > e.starts[len(e.columns)-1] {
				break
			}
			e.columns = e.columns[:len(e.columns)-1]
			start = math.Inf(-1)
		}
		e.starts[len(e.columns)] = start
		e.columns = append(e.columns, x)
	}
	at := 0
	for x := range nearest {
		for at+1 < len(e.columns) && e.starts[at+1] <= float64(x) {
			at++
		}
		nearest[x] = rows[e.columns[at]]*int32(len(rows)) + int32(e.columns[at])
	}
}
