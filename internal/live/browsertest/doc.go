// Package browsertest drives a real browser over the pages that alrc serves and writes. It is a module of its own, so
// that nothing else depends on the browser's driver.
package browsertest
