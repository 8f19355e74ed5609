package swarm

import (
	"container/list"

	"github.com/shoal-p2p/shoal/core/metainfo"
)

// minCached is how many pieces are kept however long they are: one that is
// being sent and one that comes next.
const minCached = 2

// cache keeps the pieces that were used last, bounded in bytes.
type cache struct {
	limit, size int // bytes
	entries     map[metainfo.PieceIndex]*list.Element
	order       *list.List // of cached; the least recently used in front
}

type cached struct {
	piece metainfo.PieceIndex
	data  []byte
}

func newCache(limit int) *cache {
	return &cache{limit: limit, entries: make(map[metainfo.PieceIndex]*list.Element), order: list.New()}
}

func (c *cache) has(i metainfo.PieceIndex) bool { return c.entries[i] != nil }

// get returns a piece, which is not to be written to.
func (c *cache) get(i metainfo.PieceIndex) ([]byte, bool) {
	e := c.entries[i]
	if e == nil {
		return nil, false
	}
	c.order.MoveToBack(e)
	return e.Value.(cached).data, true
}

// put adds a piece that is not there.
func (c *cache) put(i metainfo.PieceIndex, data []byte) {
	c.entries[i] = c.order.PushBack(cached{i, data})
	c.size += len(data)
	for c.size > c.limit && c.order.Len() > minCached {
		oldest := c.order.Remove(c.order.Front()).(cached)
		delete(c.entries, oldest.piece)
		c.size -= len(oldest.data)
	}
}
