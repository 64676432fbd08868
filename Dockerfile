# Go builds for every platform on the one at hand, which Docker's old builder does not name.
FROM --platform=${BUILDPLATFORM:-linux} golang:1.26 AS build
ARG TARGETOS TARGETARCH TARGETVARIANT
ARG VERSION=devel
WORKDIR /src
# The modules first: this layer is used again until they change.
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# No C library, so that the binary runs in an image that holds nothing else.
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH GOARM=${TARGETVARIANT#v} \
  go build -trimpath -ldflags="-s -w -X main.builtVersion=$VERSION" -o /out/esp-update-server ./app
# A new volume takes over the owner of the folder it is mounted on, and uploads pass through /tmp.
RUN mkdir /out/data /out/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/esp-update-server /esp-update-server
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build --chown=65532:65532 /out/tmp /tmp
USER 65532:65532
ENV DATA_DIR=/data
VOLUME /data
EXPOSE 5000
ENTRYPOINT ["/esp-update-server"]
