package handlers

import "io"

// download is the body of an answer that tells when its last byte was taken.
type download struct {
	of   *content // which is there for others as long as this holds it
	data []byte
	sent int
	done func()

	crowd *crowd
	taken func(bytes int, all bool) // for the metrics; may be nil
}

// Read is the slow way, for the interface; WriteTo is the one that is used.
func (d *download) Read(p []byte) (int, error) {
	if d.sent == len(d.data) {
		return 0, io.EOF
	}
	n := copy(p, d.data[d.sent:])
	d.sent += n
	return n, nil
}

// WriteTo hands the shared bytes to the connection without a copy of its own.
func (d *download) WriteTo(w io.Writer) (int64, error) {
	d.crowd.enter()
	defer d.crowd.leave()
	n, err := w.Write(d.data[d.sent:])
	d.sent += n
	return int64(n), err
}

// Close is called when the answer ended, however it did.
func (d *download) Close() error {
	if d.taken != nil {
		d.taken(d.sent, d.sent == len(d.data))
	}
	if d.sent == len(d.data) {
		d.done()
	}
	return nil
}
