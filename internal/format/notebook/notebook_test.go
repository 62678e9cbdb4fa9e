package notebook

import (
	"bufio"
	"io"
	"strings"
	"testing"
)

func TestReader(t *testing.T) {
	const document = `{"cells": [
 {"cell_type": "markdown", "source": ["loss 1"]},
 {"cell_type": "code", "source": ["print(2)"], "outputs": [
  {"name": "stdout", "text": ["step 1 ", "loss 2\n", "step 2 lo"]},
  {"name": "stdout", "text": ["ss 3\n"]},
  {"data": {"text/html": "<table>\n<tr><td>1</td><td>0.5</td></tr></table>", "image/png": "abc"}}]}], "nbformat": 4}`
	if !Is([]byte(document)) || Is([]byte(`{"loss": 1}`)) {
		t.Error("not recognised")
	}
	got, err := io.ReadAll(NewReader(bufio.NewReader(strings.NewReader(document))))
	lines := strings.FieldsFunc(string(got), func(r rune) bool { return r == '\n' })
	if want := "step 1 loss 2;step 2 loss 3; ;| 1 | 0.5 |"; err != nil || !strings.HasPrefix(strings.Join(lines, ";"), "step 1 loss 2;step 2 loss 3;") ||
		!strings.Contains(string(got), "| 1 | ") {
		t.Errorf("read %q, not %q: %v", lines, want, err)
	}
	if _, err := io.ReadAll(NewReader(bufio.NewReader(strings.NewReader(document[:len(document)-20])))); err != io.ErrUnexpectedEOF {
		t.Errorf("a part of a notebook: %v", err)
	}
	if _, err := io.ReadAll(NewReader(bufio.NewReader(strings.NewReader(`{"cells": []}`)))); err != errNoOutput {
		t.Errorf("an empty notebook: %v", err)
	}
}

// Much may stand above the cells of a notebook: its beginning tells all the same.
func TestIsBeforeCells(t *testing.T) {
	for head, want := range map[string]bool{
		`{"nbformat": 4, "nbformat_minor": 0, "metadata": {"widgets": {"state": {`:                              true,
		"{\n \"metadata\": {\"kernelspec\": {\"name\": \"python3\"}, \"language_info\": {\"name\": \"python\"}": true,
		`{"metadata": {"run": 3}, "losses": [2.5, 2.1`:                                                          false,
		`{"loss": 2.5, "nbformat": 4}`:                                                                          false,
	} {
		if Is([]byte(head)) != want {
			t.Errorf("%s: want %v", head, want)
		}
	}
}
