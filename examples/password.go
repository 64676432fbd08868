package examples

import "strings"

// WithPassword is a sketch that sends the password of its platform. What the
// password is, the server does not know any more.
func WithPassword(sketch string) string { return withPassword.Replace(sketch) }

var withPassword = strings.NewReplacer(
	"#define WIFI_NAME ", "#define UPDATE_PASSWORD \"the password of the platform\"  // as it was shown when it was set\n#define WIFI_NAME ",
	beforeESP32, "  httpUpdate.setAuthorization(PLATFORM, UPDATE_PASSWORD);  // arduino-esp32 2.0.8 or newer\n"+beforeESP32,
	beforeESP8266, "  ESPhttpUpdate.setAuthorization(PLATFORM, UPDATE_PASSWORD);\n"+beforeESP8266,
)

// What stands in the sketches before the call of update.
const (
	beforeUpdate  = "  // Keep this in one piece: it is what the server looks for in the .bin.\n  t_httpUpdate_return result = "
	beforeESP32   = beforeUpdate + "httpUpdate."
	beforeESP8266 = beforeUpdate + "ESPhttpUpdate."
)
