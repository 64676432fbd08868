package handlers

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"strconv"
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
	DryRun bool   // only inspect
	Create bool   // create the platform that the file names
	Number string // of the file on its page, where several are sent; else ""
	Asked  bool   // platform and version could be typed
}

// readUpload reads a form with a file from the request's stream, and no more of
// it than is allowed. The form is read by hand because parsing it as a whole
// would take its size in memory several times over. What was read before an
// error is given with it.
func (s *server) readUpload(c *fiber.Ctx) (*uploadForm, error) {
	defer drain(c)
	form := new(uploadForm)
	kind, params, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return form, fault.Field("file", "Send the file as multipart/form-data, in the field file.")
	}
	parts := multipart.NewReader(io.LimitReader(bodyStream(c), s.MaxFirmware+uploadSlack), params["boundary"])
	for range maxFields {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return form, cutOff(err)
		}
		if err := s.readPart(form, part, c.Request().Header.ContentLength()); err != nil {
			return form, err
		}
	}
	if form.Data == nil || form.File == "" && len(form.Data) == 0 {
		return form, fault.Field("file", "No file came with the form: choose a .bin file.")
	}
	return form, nil
}

// readPart reads a field, or the one file, of a form with so many bytes.
func (s *server) readPart(form *uploadForm, part *multipart.Part, announced int) (err error) {
	if part.FormName() != "file" {
		return form.readField(part)
	}
	if form.Data != nil {
		return fault.Field("file", "Send one file at a time.")
	}
	form.File = part.FileName()
	form.Data, err = s.readFile(part, announced)
	return err
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
		f.Asked = true
		f.Platform = cmp.Or(value, f.Platform) // one of those to choose from, then what was typed instead
	case "version":
		f.Version = value
	case "accept":
		f.Accept = append(f.Accept, strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })...)
	case "extract":
		f.Extract = value == "1"
	case "install":
		f.Install = value == "1"
	case "dry_run":
		f.DryRun = value == "1"
	case "create":
		f.Create = value == "1"
	case "number":
		f.Number = fileNumber(value)
	}
	return nil
}

// fileNumber is a small number, which may become part of an id; else "".
func fileNumber(s string) string {
	if n, err := strconv.ParseUint(s, 10, 16); err == nil {
		return strconv.FormatUint(n, 10)
	}
	return ""
}

// cutOff is the fault of a form that ends before its end.
func cutOff(error) error {
	return fault.Field("file", "The upload broke off, so nothing was stored: send the file again.")
}
