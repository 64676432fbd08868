package db

// Exec lets a test make what takes days.
func (d *DB) Exec(query string, args ...any) error {
	_, err := d.write.Exec(query, args...)
	return err
}
