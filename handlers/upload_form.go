package handlers

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"strings"

	"github.com/gofiber/fiber/v2"

	"esp-update-server/app/fault"
	"esp-update-server/app/release"
)

// The bounds of a form with a file.
const (
	maxFields     = 20
	maxFieldBytes = 4 << 10
)

// uploadForm is a form with one file, as it came.
type uploadForm struct {
	release.Upload
	DryRun bool // only inspect
	Create bool // create the platform that the file names
}

// readUpload reads a form with a file from the request's stream, and no more of
// it than is allowed. The form is read by hand because parsing it as a whole
// would take its size in memory several times over.
func (s *server) readUpload(c *fiber.Ctx) (*uploadForm, error) {
	defer drain(c)
	kind, params, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return nil, fault.Field("file", "Send the file as multipart/form-data, in the field file.")
	}
	parts := multipart.NewReader(io.LimitReader(bodyStream(c), s.MaxFirmware+uploadSlack), params["boundary"])
	form, seen := &uploadForm{}, false
	for range maxFields {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, cutOff(err)
		}
		if part.FormName() == "file" {
			seen = true
			form.File = part.FileName()
			form.Data, err = s.readFile(part, c.Request().Header.ContentLength())
		} else {
			err = form.readField(part)
		}
		if err != nil {
			return nil, err
		}
	}
	if !seen || form.File == "" && len(form.Data) == 0 {
		return nil, fault.Field("file", "No file came with the form: choose a .bin file.")
	}
	return form, nil
}

// bodyStream is the request's body, which a small request may have whole.
func bodyStream(c *fiber.Ctx) io.Reader {
	if stream := c.Context().RequestBodyStream(); stream != nil {
		return stream
	}
	return bytes.NewReader(c.Request().Body())
}

// readFile reads the file itself into one buffer of the announced size.
func (s *server) readFile(part io.Reader, announced int) ([]byte, error) {
	buf := bytes.NewBuffer(make([]byte, 0, max(0, min(int64(announced), s.MaxFirmware+1))))
	_, err := io.Copy(buf, io.LimitReader(part, s.MaxFirmware+1))
	if int64(buf.Len()) > s.MaxFirmware {
		f := fault.Field("file", "The file is larger than %s, the most that this server takes (MAX_FIRMWARE_SIZE).", sizeInWords(s.MaxFirmware))
		f.Kind = fault.TooLarge
		return nil, f
	}
	if err != nil {
		return nil, cutOff(err)
	}
	return buf.Bytes(), nil
}

func (f *uploadForm) readField(part *multipart.Part) error {
	data, err := io.ReadAll(io.LimitReader(part, maxFieldBytes+1))
	if err != nil {
		return cutOff(err)
	}
	if len(data) > maxFieldBytes {
		return fault.Field("file", "A field of the form is longer than %d bytes.", maxFieldBytes)
	}
	value := strings.TrimSpace(string(data))
	switch part.FormName() {
	case "platform":
		f.Platform = value
	case "version":
		f.Version = value
	case "accept":
		f.Accept = append(f.Accept, strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })...)
	case "extract":
		f.Extract = value == "1"
	case "dry_run":
		f.DryRun = value == "1"
	case "create":
		f.Create = value == "1"
	}
	return nil
}

// cutOff is the fault of a form that ends before its end.
func cutOff(error) error {
	return fault.Field("file", "The upload broke off, so nothing was stored: send the file again.")
}
