package client_test

import (
	"testing"

	"github.com/shoal-p2p/shoal/core/client"
	"github.com/shoal-p2p/shoal/core/client/porttest"
	"github.com/shoal-p2p/shoal/core/metainfo"
)

func TestMemoryKeepsTheContractOfAStore(t *testing.T) {
	porttest.Store(t, func(*testing.T) client.OpenStore { return client.OpenMemory })
}

func TestAMemorySourceIsItsBytes(t *testing.T) {
	content := porttest.Content(100_000)
	src := client.MemorySource("name.bin", content)
	layout, err := metainfo.NewLayout(int64(len(content)), 32<<10)
	if err != nil {
		t.Fatal(err)
	}
	store, err := src.Open(layout)
	if err != nil {
		t.Fatal(err)
	}
	var read []byte
	for i := range layout.Pieces() {
		store.Read(layout.Piece(metainfo.PieceIndex(i)), func(data []byte, err error) {
			if err != nil {
				t.Error(err)
			}
			read = append(read, data...)
		})
	}
	if string(read) != string(content) {
		t.Error("the source is read otherwise than it was given")
	}
	store.Write(layout.Block(0, 0), nil, func(err error) {
		if err != client.ErrReadOnly {
			t.Errorf("written to: %v", err)
		}
	})
	other, err := metainfo.NewLayout(1, 32<<10)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := src.Open(other); err == nil {
		t.Error("opened with another length")
	}
}
