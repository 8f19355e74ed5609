package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

// Read returns verified bytes of the torrent. Where one is missing the error
// has CodeNotReady.
func (t *Torrent) Read(ctx context.Context, offset int64, length int) ([]byte, error) {
	is, err := t.Prove(ctx, offset, int64(length))
	if err != nil {
		return nil, err
	}
	if !is {
		return nil, &Error{CodeNotReady, fmt.Errorf("bytes %d to %d are not there yet", offset, offset+int64(length))}
	}
	layout := t.Info().Layout
	out := make([]byte, 0, length)
	for len(out) < length {
		at := offset + int64(len(out))
		piece := layout.Piece(metainfo.PieceIndex(at / int64(layout.PieceLength())))
		data, err := t.readPiece(ctx, piece)
		if err != nil {
			return nil, err
		}
		data = data[at-piece.Offset:]
		out = append(out, data[:min(len(data), length-len(out))]...)
	}
	return out, nil
}

// readPiece reads one piece from the store, which only the client's goroutine
// may touch.
func (t *Torrent) readPiece(ctx context.Context, piece metainfo.Piece) ([]byte, error) {
	type answer struct {
		data []byte
		err  error
	}
	answers := make(chan answer, 1)
	t.client.mail.post(func() {
		if t.client.torrent(t.infoHash) != t || t.store == nil {
			answers <- answer{err: errRemoved}
			return
		}
		t.store.Read(piece, func(data []byte, err error) { answers <- answer{data, err} })
	})
	select {
	case a := <-answers:
		if a.err != nil {
			return nil, storeError(a.err)
		}
		return a.data, nil
	case <-t.client.done:
		return nil, errClosed
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// storeError gives an error of a store its code.
func storeError(err error) error {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e
	}
	return &Error{storeCode(err), err}
}

func storeCode(err error) Code {
	switch {
	case errors.Is(err, ErrSourceChanged):
		return CodeSourceChanged
	case errors.Is(err, ErrFull):
		return CodeQuota
	}
	return CodeStore
}
