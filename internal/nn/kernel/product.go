package kernel

import "unsafe"

// Multiply computes rows of a product for a panel of a width, which is the set's Panel or half of it. It leaves the
// product as it found it.
func (s *Set) Multiply(p *Product, rows, width int) {
	p.offsetA, p.offsetC = 0, 0
	for _, f := range s.products[width/s.Lanes] {
		if p.tiles = rows / f.rows; p.tiles > 0 {
			rows -= p.tiles * f.rows
			f.run((*int64)(unsafe.Pointer(p)))
		}
	}
}

// Rows is the number of rows that Multiply computes at once for a panel of a width, where there are as many.
func (s *Set) Rows(width int) int { return s.products[width/s.Lanes][0].rows }
