#!/bin/sh
# Brings this folder's files anew: uPlot, pinned, as published on npm under the MIT licence. They are embedded as they are.
set -eu
cd "$(dirname "$0")"
version=1.6.32
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
(cd "$folder" && npm pack --silent "uplot@$version" && tar xzf "uplot-$version.tgz")
cp "$folder/package/dist/uPlot.iife.min.js" "$folder/package/dist/uPlot.min.css" "$folder/package/LICENSE" .
sha256sum uPlot.iife.min.js uPlot.min.css LICENSE
