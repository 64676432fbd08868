package account

// Occupied lets nobody hash until it is released.
func Occupied() (release func()) {
	for range cap(hashing) {
		hashing <- struct{}{}
	}
	return func() {
		for range cap(hashing) {
			<-hashing
		}
	}
}

// MaxHashing is how many may wait for their turn to hash.
const MaxHashing = maxWaiting
