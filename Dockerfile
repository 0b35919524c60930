# Drawbridge in an image with nothing but the static binary, root certificates and time zones.
#
#   docker build -t drawbridge .
#   docker run --read-only -p 8080:8080 -v drawbridge:/data -e DRAWBRIDGE_PUBLIC_URL=https://bridge.example drawbridge
#
# The root file system may be read-only: what is written goes to /data (with PostgreSQL and a given secret key,
# nothing is).

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags='-s -w' -o /out/drawbridge ./cmd/drawbridge
# A fresh volume takes over the owner and the mode of what the image has at its place.
RUN install -d -m 0700 /out/data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/drawbridge /drawbridge
COPY --from=build --chown=65532:65532 /out/data /data
ENV DRAWBRIDGE_LISTEN=:8080 \
    DRAWBRIDGE_DATA_DIR=/data
USER 65532:65532
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["/drawbridge", "healthcheck"]
ENTRYPOINT ["/drawbridge"]
CMD ["serve"]
