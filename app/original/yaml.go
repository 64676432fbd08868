package original

import (
	"strconv"

	"go.yaml.in/yaml/v4"

	"esp-update-server/app/fault"
)

// ReadYAML reads the platforms.yml of K. Stobbe's server: platforms by name, each
// with version, file, date, downloads and whitelist. Values are taken as they are
// written: what PyYAML takes for a text, such as the MAC 1234e5678901, others
// would take for a number.
func ReadYAML(data []byte) (*Installation, error) {
	if len(data) > MaxYAML {
		return nil, fault.New(fault.Invalid, "It is larger than %d MiB, which no list of platforms is.", MaxYAML>>20)
	}
	var file yaml.Node
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, fault.New(fault.Invalid, "It is not YAML: %.200q.", err.Error())
	}
	in := &Installation{}
	if file.Kind == 0 || len(file.Content) == 0 { // nothing was created yet
		return in, nil
	}
	root := file.Content[0]
	if isNull(root) {
		return in, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, fault.New(fault.Invalid, "It does not start with the name of a platform: is it the platforms.yml of the original?")
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if err := in.addYAML(root.Content[i], root.Content[i+1]); err != nil {
			return nil, err
		}
	}
	return in, in.Check()
}

// addYAML adds a platform and the devices of its whitelist.
func (in *Installation) addYAML(name, value *yaml.Node) error {
	if name.Kind != yaml.ScalarNode || value.Kind != yaml.MappingNode {
		return fault.New(fault.Invalid, "Line %d is not the name of a platform with what belongs to it.", name.Line)
	}
	p := Platform{Number: int64(len(in.Platforms) + 1), Name: text(name)}
	for i := 0; i+1 < len(value.Content); i += 2 {
		v := follow(value.Content[i+1])
		switch value.Content[i].Value {
		case "version":
			p.Version = text(v)
		case "file":
			p.File = text(v)
		case "uploaded":
			p.Uploaded = text(v)
		case "downloads":
			p.Downloads, _ = strconv.ParseInt(text(v), 10, 64)
		case "whitelist":
			in.addWhitelist(p.Number, v)
		}
	}
	in.Platforms = append(in.Platforms, p)
	return in.Check()
}

func (in *Installation) addWhitelist(platform int64, list *yaml.Node) {
	if list.Kind != yaml.SequenceNode {
		return
	}
	for _, mac := range list.Content {
		if len(in.Devices) > MaxDevices {
			return
		}
		in.Devices = append(in.Devices, Device{MAC: text(follow(mac)), Platform: platform})
	}
}

// follow is the node that an alias stands for.
func follow(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// text is a scalar as it is written; "" for anything else.
func text(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || isNull(n) {
		return ""
	}
	return n.Value[:min(len(n.Value), MaxText)]
}
