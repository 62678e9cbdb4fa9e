package losslog

import (
	"bufio"
	"io"
)

func isWandb(head []byte) bool { return false }

func newWandbReader(r *bufio.Reader) io.Reader { return r }
