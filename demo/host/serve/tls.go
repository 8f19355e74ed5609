//go:build !js

package serve

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"time"
)

// selfSignedFor is how long a certificate made at the start is good: as long as
// a host that was forgotten may run, and no longer than browsers take.
const selfSignedFor = 90 * 24 * time.Hour

// tlsConfig returns nil for plain HTTP.
func (o options) tlsConfig() (*tls.Config, error) {
	var certificate tls.Certificate
	var err error
	switch {
	case o.selfSigned:
		certificate, err = selfSigned(time.Now())
	case o.certFile != "":
		certificate, err = tls.LoadX509KeyPair(o.certFile, o.keyFile)
	default:
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("TLS certificate: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}, nil
}

// selfSigned makes a certificate for the names under which this machine may be
// reached from here and its networks. Its key is never written anywhere.
func selfSigned(now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "Shoal host", Organization: []string{"self-signed"}},
		NotBefore:             now.Add(-time.Hour), // clocks of phones differ
		NotAfter:              now.Add(selfSignedFor),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if name, err := os.Hostname(); err == nil && name != "localhost" {
		template.DNSNames = append(template.DNSNames, name, name+".local")
	}
	for _, address := range localAddresses() {
		template.IPAddresses = append(template.IPAddresses, address.AsSlice())
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// quietTLS leaves out of a log what every browser causes that has not been told
// yet to trust a self-signed certificate.
type quietTLS struct{ io.Writer }

func (q quietTLS) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("TLS handshake error")) {
		return len(line), nil
	}
	return q.Writer.Write(line)
}
