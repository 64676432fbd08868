package fleet

// DeviceSort is an order in which devices are listed. Devices that are alike in
// it are ordered by their MAC.
type DeviceSort string

// The orders. Versions are in the order of semver.
const (
	ByMAC       DeviceSort = "mac"
	ByPlatform  DeviceSort = "platform"
	ByVersion   DeviceSort = "version"
	ByLastSeen  DeviceSort = "last-seen"
	ByFirstSeen DeviceSort = "first-seen"
	ByIP        DeviceSort = "ip"
	ByNotes     DeviceSort = "notes"
)

// DeviceSorts are all orders.
var DeviceSorts = []DeviceSort{ByMAC, ByPlatform, ByVersion, ByLastSeen, ByFirstSeen, ByIP, ByNotes}

// DeviceQuery says which devices to list. The zero value lists all, by MAC.
type DeviceQuery struct {
	Platform  string // on this whitelist; "" for any
	Search    string // in MAC, notes, IP, platform or version
	State     State  // "" for any
	Permitted bool   // only those on a whitelist
	Ignored   *bool  // of new devices, whether a person chose to ignore what they ask for; nil for either

	Sort       DeviceSort // "" is ByMAC
	Descending bool
	Limit      int    // at most so many; 0 for all
	After      MAC    // those after this one
	Before     MAC    // or those before this one
	Key        string // what the order compares of that one; see DevicePage
	Last       bool   // or those at the very end
}

// Filtered reports whether the query leaves any permitted devices out.
func (q *DeviceQuery) Filtered() bool { return q.Platform != "" || q.Search != "" || q.State != "" }

// DevicePage is one page of a list of devices, with the keys from which the
// pages beside it are asked for.
type DevicePage struct {
	Devices  []Device
	FirstKey string // of the first device
	LastKey  string // of the last device
	Before   bool   // whether there are devices before these
	After    bool   // and after
}

// Selection is devices that something is done to together: some that are named,
// or all that a query finds.
type Selection struct {
	MACs  []MAC
	Query *DeviceQuery
}

// Asked is how many of some devices asked for a platform.
type Asked struct {
	Platform  string // "" for all that do not exist
	Devices   int64
	Permitted int64 // of them, on whatever whitelist
}

// DeviceChange says what of a device a person changes; nil keeps a value.
type DeviceChange struct {
	Platform *string // "" takes it off its whitelist
	Notes    *string
	By       string     // who changes it, for its history
	Was      *DeviceWas // what the person saw; nil when that does not matter
}

// DeviceWas is what a person saw of a device before they changed it.
type DeviceWas struct {
	Platform string
	Notes    string
}
