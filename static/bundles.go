package static

import "bytes"

// bundles are files that every page loads, put together when the program starts:
// a browser asks for one in place of many. Styles are in the order in which the
// later ones win.
var bundles = map[string][]string{
	"css/all.css": {
		"css/tokens.css", "css/base.css", "css/bar.css", "css/button.css", "css/form.css", "css/table.css", "css/devices.css",
		"css/mark.css", "css/panel.css", "css/notice.css", "css/account.css", "css/upload.css", "css/report.css", "css/install.css",
		"css/versions.css", "css/overview.css", "css/chart.css", "css/activity.css", "css/live.css",
	},
	"js/forms.js": {"js/page.js", "js/upload.js", "js/drop.js", "js/copy.js"},
	"js/all.js":   {"js/time.js", "js/live.js", "js/shortcuts.js", "js/rows.js", "js/select.js", "js/undo.js"},
}

// modules is the bundle whose files keep their names to themselves, as modules
// do: each in a block of its own.
const modules = "js/all.js"

// bundle is the content of a bundle.
func bundle(name string, read func(string) ([]byte, error)) ([]byte, error) {
	var all bytes.Buffer
	for _, file := range bundles[name] {
		data, err := read(file)
		if err != nil {
			return nil, err
		}
		if name == modules {
			data = bytes.Join([][]byte{[]byte("{"), data, []byte("}")}, []byte("\n"))
		}
		all.Write(data)
		all.WriteByte('\n')
	}
	return all.Bytes(), nil
}
