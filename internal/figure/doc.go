// Package figure draws: line plots as PNG, SVG and text for a terminal, grids of images, and self-contained HTML
// pages that hold them.
//
// A [Plot] says what to show and no more; [Figure] puts several beside each other with one legend; [Terminal] and
// [ASCII] show a plot as text. [Smooth] prepares long series. Of those longer than a figure is wide extremes are kept,
// since a spike is what most readers look for. A [Page] is one HTML file that needs nothing else.
package figure
