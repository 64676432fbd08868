package firmware

// Unpacked is what a gzip file holds.
func Unpacked(file []byte) []byte { return inflate(file).data }
