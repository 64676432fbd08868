package fleet

// Sweep does what the writer does for a part of the index each minute.
func Sweep(w *Writer, told Told, part int) {
	w.told = told
	w.sweep(part)
}

// Part is the part of the index that a device is in.
func Part(mac MAC) int {
	n, _ := mac.pack()
	x := NewIndex()
	for i := range x.shards {
		if x.shard(n) == &x.shards[i] {
			return i
		}
	}
	return -1
}
