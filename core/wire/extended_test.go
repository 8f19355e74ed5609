package wire

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/shoal-p2p/shoal/core/id"
)

// key and signature have bytes that end dictionaries and are no text.
var (
	key       = strings.Repeat("ee\x00\xff", 8)
	signature = strings.Repeat("\xfe1:e", 16)
)

func TestExtendedHandshakeBothWays(t *testing.T) {
	for _, c := range []struct {
		name, payload string
		value         ExtendedHandshake
	}{
		{"nothing", "d1:mdee", ExtendedHandshake{M: map[string]uint8{}}},
		{
			"stock WebTorrent in a browser", "d1:md11:lt_donthavei2e11:ut_metadatai1ee13:metadata_sizei12345ee",
			ExtendedHandshake{M: map[string]uint8{NameMetadata: 1, NameDontHave: 2}, MetadataSize: 12345},
		},
		{
			"ours", "d1:md11:ut_metadatai1ee13:metadata_sizei1e4:reqqi500e1:v9:Shoal 0.1e",
			ExtendedHandshake{M: map[string]uint8{NameMetadata: 1}, MetadataSize: 1, Reqq: 500, Client: "Shoal 0.1"},
		},
		{
			"a partial seed that says who it is",
			"d1:md7:sh_meeti3ee5:sh_id32:" + key + "6:sh_sig64:" + signature + "11:upload_onlyi1e1:v9:Shoal 0.1e",
			ExtendedHandshake{M: map[string]uint8{NameExchange: 3}, Client: "Shoal 0.1", UploadOnly: true,
				Identity: id.Identity([]byte(key)), Proof: id.Signature([]byte(signature))},
		},
		{"an extension taken away", "d1:md11:ut_metadatai0eee", ExtendedHandshake{M: map[string]uint8{NameMetadata: 0}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := c.value.Message()
			if err != nil || m.ID != HandshakeID || string(m.Payload) != c.payload {
				t.Errorf("encoded as %d %q, %v, want 0 %q", m.ID, m.Payload, err, c.payload)
			}
			got, err := ParseExtendedHandshake([]byte(c.payload))
			if err != nil || !reflect.DeepEqual(got, c.value) {
				t.Errorf("decoded as %+v, %v, want %+v", got, err, c.value)
			}
		})
	}
}

func TestExtendedHandshakeOfOthers(t *testing.T) {
	metadata := map[string]uint8{NameMetadata: 3}
	for _, c := range []struct {
		name, payload string
		want          ExtendedHandshake
	}{
		{"fields we ignore", "d1:ei0e1:md11:ut_metadatai3e6:ut_pexi1ee1:pi6881e6:yourip4:\x01\x02\x03\x04e",
			ExtendedHandshake{M: map[string]uint8{NameMetadata: 3, "ut_pex": 1}}},
		{"a number out of range", "d1:md11:lt_donthavei256e11:ut_metadatai3eee", ExtendedHandshake{M: metadata}},
		{"negative sizes", "d1:md11:ut_metadatai3ee13:metadata_sizei-1e4:reqqi-5ee", ExtendedHandshake{M: metadata}},
		{"a size that is text", "d1:md11:ut_metadatai3ee13:metadata_size3:abce", ExtendedHandshake{M: metadata}},
		{"a key too short, a signature too long", "d5:sh_id31:" + key[1:] + "6:sh_sig65:" + signature + "xe",
			ExtendedHandshake{M: map[string]uint8{}}},
		{"a key too long, a signature too short", "d5:sh_id33:" + key + "x6:sh_sig63:" + signature[1:] + "e",
			ExtendedHandshake{M: map[string]uint8{}}},
		{"a key that is a number, a signature that is a list", "d5:sh_idi1e6:sh_sigle1:v1:xe",
			ExtendedHandshake{M: map[string]uint8{}, Client: "x"}},
		{"a key without a signature", "d5:sh_id32:" + key + "e",
			ExtendedHandshake{M: map[string]uint8{}, Identity: id.Identity([]byte(key))}},
		{"a key of zeros", "d5:sh_id32:" + strings.Repeat("\x00", 32) + "e", ExtendedHandshake{M: map[string]uint8{}}},
		{"upload_only taken back", "d11:upload_onlyi0ee", ExtendedHandshake{M: map[string]uint8{}}},
		{"upload_only out of range", "d11:upload_onlyi2ee", ExtendedHandshake{M: map[string]uint8{}}},
		{"upload_only that is text", "d11:upload_only1:1e", ExtendedHandshake{M: map[string]uint8{}}},
		{"no m", "d1:v1:xe", ExtendedHandshake{M: map[string]uint8{}, Client: "x"}},
		{"bytes after the end", "d1:md11:ut_metadatai3eeexyz", ExtendedHandshake{M: metadata}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseExtendedHandshake([]byte(c.payload))
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, %v, want %+v", got, err, c.want)
			}
		})
	}
	for _, bad := range []string{"", "d", "i1e", "le", "d1:m", strings.Repeat("l", 1000)} {
		if got, err := ParseExtendedHandshake([]byte(bad)); err == nil {
			t.Errorf("%q was read as %+v", bad, got)
		}
	}
}

func TestMetadataBothWays(t *testing.T) {
	for _, c := range []struct {
		name, payload string
		value         Metadata
	}{
		{"request", "d8:msg_typei0e5:piecei2ee", Metadata{Type: MetadataRequest, Piece: 2}},
		{"data", "d8:msg_typei1e5:piecei0e10:total_sizei12345eexyz",
			Metadata{Type: MetadataData, TotalSize: 12345, Data: []byte("xyz")}},
		{"reject", "d8:msg_typei2e5:piecei7ee", Metadata{Type: MetadataReject, Piece: 7}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := c.value.Message(5)
			if m.ID != 5 || string(m.Payload) != c.payload {
				t.Errorf("encoded as %d %q, want 5 %q", m.ID, m.Payload, c.payload)
			}
			got, err := ParseMetadata([]byte(c.payload))
			if err != nil || !reflect.DeepEqual(got, c.value) {
				t.Errorf("decoded as %+v, %v, want %+v", got, err, c.value)
			}
		})
	}
	for _, bad := range []string{"", "d", "d8:msg_typei3e5:piecei0ee", "d8:msg_typei1e5:piecei-1ee", "d8:msg_type1:x5:piecei0ee"} {
		if got, err := ParseMetadata([]byte(bad)); err == nil {
			t.Errorf("%q was read as %+v", bad, got)
		}
	}
}

func TestStockWebTorrentFindsTheEndOfOurMetadataHead(t *testing.T) {
	for _, piece := range []int64{0, 1, 9, 10, 639} {
		for _, total := range []int64{1, 10, 12345, 10 << 20} {
			payload := Metadata{MetadataData, piece, total, []byte("xyz")}.Message(1).Payload
			if end := bytes.Index(payload, []byte("ee")) + 2; string(payload[end:]) != "xyz" {
				t.Errorf("the first \"ee\" of %q is not the end of the head", payload)
			}
		}
	}
}

func TestDontHaveBothWays(t *testing.T) {
	m := DontHave{0x01020304}.Message(2)
	if m.ID != 2 || string(m.Payload) != "\x01\x02\x03\x04" {
		t.Errorf("encoded as %v", m)
	}
	if got, err := ParseDontHave(m.Payload); err != nil || got.Piece != 0x01020304 {
		t.Errorf("decoded as %v, %v", got, err)
	}
	for _, bad := range []string{"", "123", "12345"} {
		if _, err := ParseDontHave([]byte(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func FuzzExtendedHandshake(f *testing.F) {
	f.Add([]byte("d1:md11:lt_donthavei2e11:ut_metadatai1ee13:metadata_sizei12345e4:reqqi500e1:v9:Shoal 0.1e"))
	f.Add([]byte("d1:ei0e1:md6:ut_pexi1ee1:pi6881ee"))
	f.Add([]byte("d1:md7:sh_meeti3ee5:sh_id32:" + key + "6:sh_sig64:" + signature + "11:upload_onlyi1ee"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		h, err := ParseExtendedHandshake(payload)
		if err != nil {
			return
		}
		m, err := h.Message()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ParseExtendedHandshake(m.Payload); err != nil || !reflect.DeepEqual(again, h) {
			t.Fatalf("%+v came back as %+v, %v", h, again, err)
		}
	})
}

func FuzzMetadata(f *testing.F) {
	f.Add([]byte("d8:msg_typei0e5:piecei2ee"))
	f.Add([]byte("d8:msg_typei1e5:piecei0e10:total_sizei12345eexyz"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		m, err := ParseMetadata(payload)
		if err != nil {
			return
		}
		again, err := ParseMetadata(m.Message(1).Payload)
		if err != nil || !bytes.Equal(again.Data, m.Data) || again.Piece != m.Piece || again.TotalSize != m.TotalSize {
			t.Fatalf("%+v came back as %+v, %v", m, again, err)
		}
	})
}

func FuzzDontHave(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x07"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		m, err := ParseDontHave(payload)
		if err == nil && !bytes.Equal(m.Message(1).Payload, payload) {
			t.Fatalf("%x came back as %+v", payload, m)
		}
	})
}
