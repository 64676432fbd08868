package handlers

import (
	"github.com/gofiber/fiber/v2"
)

// access is who may use a route.
type access int

// The rules. Those for people send a browser to sign in; those for tokens
// answer in JSON.
const (
	anyone   access = iota // nothing is asked
	nobody                 // nothing is asked and nobody looked up: boards, monitors, assets
	signedIn               // any user
	viewing                // viewers and admins
	changing               // admins
	reading                // tokens of viewers and admins
	writing                // write tokens of admins
)

// body says how much a route reads.
type body int

const (
	small  body = iota // at most bodyLimit, read before the handler runs
	list               // at most listLimit, read before the handler runs
	upload             // a file, streamed to the handler
)

// route is one line of the table.
type route struct {
	method string
	path   string
	access access
	handle fiber.Handler
	body   body
	long   bool // of a large fleet it may take minutes
}

// routes is every route of the server with its rule. Of two that match, the
// first is taken.
func (s *server) routes() []route {
	return []route{
		{method: "GET", path: "/update", access: nobody, handle: s.measured(s.update)}, // HEAD too; POST below
		{method: "POST", path: "/update", access: nobody, handle: s.measured(s.update)},
		{method: "GET", path: "/_catalog", access: nobody, handle: s.showCatalog},
		{method: "GET", path: "/ac/:platform/+", access: nobody, handle: s.measured(s.sendChosen)},
		{method: "GET", path: "/platforms/:platform/manifest.json", access: nobody, handle: s.byKey(s.showManifest)},
		{method: "GET", path: "/platforms/:platform/esp32fota.json", access: nobody, handle: s.byKey(s.showFOTA)},
		{method: "GET", path: "/platforms/:platform/firmware/:file", access: nobody, handle: s.byKey(s.sendByKey)},
		{method: "GET", path: "/platforms/:platform/firmware.bin", access: nobody, handle: s.byKey(s.sendLatest)},
		{method: "GET", path: "/platforms/:platform/firmware.md5", access: nobody, handle: s.byKey(s.showLatestMD5)},

		{method: "GET", path: "/healthz", access: nobody, handle: s.healthz},
		{method: "GET", path: "/readyz", access: nobody, handle: s.readyz},
		{method: "GET", path: "/metrics", access: reading, handle: s.showMetrics},
		{method: "GET", path: "/static/+", access: nobody, handle: s.static},
		{method: "GET", path: "/favicon.ico", access: nobody, handle: s.favicon},

		{method: "GET", path: "/", access: signedIn, handle: s.overview},
		{method: "GET", path: "/backup/new", access: changing, handle: s.newBackup},
		{method: "POST", path: "/backup", access: changing, handle: s.createBackup, long: true},
		{method: "GET", path: "/session/new", access: anyone, handle: s.newSession},
		{method: "POST", path: "/session", access: anyone, handle: s.createSession},
		{method: "DELETE", path: "/session", access: signedIn, handle: s.deleteSession},
		{method: "GET", path: "/session/code/new", access: anyone, handle: s.newCode},
		{method: "POST", path: "/session/code", access: anyone, handle: s.createCode},
		{method: "GET", path: "/users/new", access: anyone, handle: s.newUser},
		{method: "POST", path: "/users", access: anyone, handle: s.createUser},
		{method: "GET", path: "/users", access: changing, handle: s.listUsers},
		{method: "POST", path: "/users/invites", access: changing, handle: s.createInvite},
		{method: "GET", path: "/users/:user", access: changing, handle: s.showUser},
		{method: "PUT", path: "/users/:user", access: changing, handle: s.updateUser},
		{method: "DELETE", path: "/users/:user", access: changing, handle: s.deleteUser},
		{method: "GET", path: "/users/:user/delete", access: changing, handle: s.askDeleteUser},
		{method: "POST", path: "/users/:user/link", access: changing, handle: s.createLink},
		{method: "GET", path: "/account", access: signedIn, handle: s.showAccount},
		{method: "PUT", path: "/account", access: signedIn, handle: s.updateAccount},
		{method: "DELETE", path: "/account", access: signedIn, handle: s.deleteAccount},
		{method: "GET", path: "/account/delete", access: signedIn, handle: s.askDeleteAccount},
		{method: "PUT", path: "/account/email", access: signedIn, handle: s.updateEmail},
		{method: "PUT", path: "/account/password", access: signedIn, handle: s.updatePassword},
		{method: "GET", path: "/account/factor/new", access: signedIn, handle: s.newFactor},
		{method: "POST", path: "/account/factor", access: signedIn, handle: s.createFactor},
		{method: "DELETE", path: "/account/factor", access: signedIn, handle: s.deleteFactor},
		{method: "GET", path: "/account/factor/delete", access: signedIn, handle: s.askDeleteFactor},
		{method: "DELETE", path: "/account/sessions", access: signedIn, handle: s.endSessions},
		{method: "DELETE", path: "/account/sessions/:session", access: signedIn, handle: s.endSessionOf},
		{method: "POST", path: "/account/tokens", access: viewing, handle: s.createToken},
		{method: "DELETE", path: "/account/tokens/:token", access: signedIn, handle: s.revokeToken},
		{method: "GET", path: "/setup", access: anyone, handle: s.newSetup},
		{method: "POST", path: "/setup", access: anyone, handle: s.createSetup},
		{method: "GET", path: "/password", access: anyone, handle: s.newPassword},
		{method: "POST", path: "/password", access: anyone, handle: s.createPassword},

		{method: "GET", path: "/platforms", access: viewing, handle: s.listPlatforms},
		{method: "GET", path: "/platforms/new", access: changing, handle: s.newPlatform},
		{method: "POST", path: "/platforms", access: changing, handle: s.createPlatform},
		{method: "GET", path: "/platforms/:platform", access: viewing, handle: s.showPlatform},
		{method: "PUT", path: "/platforms/:platform", access: changing, handle: s.updatePlatform},
		{method: "DELETE", path: "/platforms/:platform", access: changing, handle: s.deletePlatform, long: true},
		{method: "GET", path: "/platforms/:platform/edit", access: changing, handle: s.editPlatform},
		{method: "GET", path: "/platforms/:platform/delete", access: changing, handle: s.askDeletePlatform},
		{method: "PUT", path: "/platforms/:platform/release", access: changing, handle: s.updateOffer},
		{method: "DELETE", path: "/platforms/:platform/release", access: changing, handle: s.deleteOffer},
		{method: "GET", path: "/platforms/:platform/release/edit", access: changing, handle: s.askOffer},
		{method: "GET", path: "/platforms/:platform/release/delete", access: changing, handle: s.askWithdraw},
		{method: "POST", path: "/platforms/:platform/passwords", access: changing, handle: s.createDevicePassword},
		{method: "DELETE", path: "/platforms/:platform/passwords/:password", access: changing, handle: s.retirePassword},
		{method: "GET", path: "/platforms/:platform/passwords/:password/delete", access: changing, handle: s.askRetirePassword},
		{method: "POST", path: "/platforms/:platform/manifest-keys", access: changing, handle: s.createManifestKey},
		{method: "DELETE", path: "/platforms/:platform/manifest-keys/:key", access: changing, handle: s.revokeManifestKey},
		{method: "POST", path: "/platforms/:platform/firmware", access: changing, handle: s.publishFirmware},
		{method: "GET", path: "/platforms/:platform/releases/:version/firmware", access: changing, handle: s.downloadFirmware},
		{method: "DELETE", path: "/platforms/:platform/releases/:version/merged/:md5", access: changing, handle: s.deleteMerged},
		{method: "GET", path: "/platforms/:platform/install", access: changing, handle: s.showInstall},
		{method: "GET", path: "/platforms/:platform/install/manifest.json", access: changing, handle: s.showInstallManifest},
		{method: "GET", path: "/platforms/:platform/install/firmware/:file", access: changing, handle: s.sendInstallFile},

		{method: "GET", path: "/devices", access: viewing, handle: s.listDevices},
		{method: "GET", path: "/devices/new", access: changing, handle: s.newDevice},
		{method: "POST", path: "/devices", access: changing, handle: s.createDevice},
		{method: "GET", path: "/devices/export", access: viewing, handle: s.exportDevices},
		{method: "GET", path: "/devices/import", access: changing, handle: s.newImport},
		{method: "POST", path: "/devices/import", access: changing, handle: s.previewImport, body: list},
		{method: "PUT", path: "/devices/import", access: changing, handle: s.createImport, body: list, long: true},
		{method: "GET", path: "/devices/:mac", access: viewing, handle: s.showDevice},
		{method: "PUT", path: "/devices/:mac", access: changing, handle: s.updateDevice},
		{method: "DELETE", path: "/devices/:mac", access: changing, handle: s.deleteDevice},
		{method: "GET", path: "/devices/:mac/edit", access: changing, handle: s.editDevice},
		{method: "PUT", path: "/devices/:mac/permit", access: changing, handle: s.createPermit},
		{method: "DELETE", path: "/devices/:mac/permit", access: changing, handle: s.deletePermit},
		{method: "DELETE", path: "/devices/:mac/twins", access: changing, handle: s.dismissTwins},
		{method: "GET", path: "/live", access: viewing, handle: s.live},
		{method: "PUT", path: "/devices/:mac/ignore", access: changing, handle: s.createIgnore},
		{method: "DELETE", path: "/devices/:mac/ignore", access: changing, handle: s.deleteIgnore},
		{method: "GET", path: "/selection", access: changing, handle: s.askSelection},
		{method: "GET", path: "/selection/count", access: changing, handle: s.countSelection},
		{method: "DELETE", path: "/selection", access: changing, handle: s.forgetSelection, long: true},
		{method: "PUT", path: "/selection/permit", access: changing, handle: s.permitSelection, long: true},
		{method: "DELETE", path: "/selection/permit", access: changing, handle: s.revokeSelection, long: true},
		{method: "PUT", path: "/selection/ignore", access: changing, handle: s.ignoreSelection, long: true},
		{method: "DELETE", path: "/removals/:id", access: changing, handle: s.deleteRemoval, long: true},
		{method: "GET", path: "/new-devices", access: viewing, handle: s.listNewDevices},

		{method: "GET", path: "/activity", access: viewing, handle: s.listActivity},
		{method: "GET", path: "/activity/export", access: viewing, handle: s.exportActivity},
		{method: "GET", path: "/activity/:entry", access: viewing, handle: s.showActivity},

		{method: "GET", path: "/uploads/new", access: viewing, handle: s.newUpload},
		{method: "POST", path: "/uploads", access: changing, handle: s.createUpload, body: upload},
		{method: "GET", path: "/uploads/:id", access: changing, handle: s.showUpload},
		{method: "DELETE", path: "/uploads/:id", access: changing, handle: s.deleteUpload},

		{method: "GET", path: "/api/v1/platforms", access: reading, handle: s.apiPlatforms},
		{method: "POST", path: "/api/v1/platforms", access: writing, handle: s.apiCreatePlatform},
		{method: "GET", path: "/api/v1/platforms/:platform", access: reading, handle: s.apiPlatform},
		{method: "PATCH", path: "/api/v1/platforms/:platform", access: writing, handle: s.apiEditPlatform},
		{method: "DELETE", path: "/api/v1/platforms/:platform", access: writing, handle: s.apiDeletePlatform, long: true},
		{method: "GET", path: "/api/v1/platforms/:platform/releases", access: reading, handle: s.apiReleases},
		{method: "GET", path: "/api/v1/devices", access: reading, handle: s.apiDevices},
		{method: "GET", path: "/api/v1/devices/:mac", access: reading, handle: s.apiDevice},
		{method: "PUT", path: "/api/v1/devices/:mac", access: writing, handle: s.apiPutDevice},
		{method: "DELETE", path: "/api/v1/devices/:mac", access: writing, handle: s.apiForgetDevice},
		{method: "POST", path: "/api/v1/firmware", access: writing, handle: s.apiFirmware, body: upload},
	}
}
