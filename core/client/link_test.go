package client

import (
	"testing"
	"time"

	"github.com/shoal-p2p/shoal/core/node"
	"github.com/shoal-p2p/shoal/core/wire"
)

// heard is a Conn that notes the length of what is sent.
type heard struct{ messages []int }

func (h *heard) Apply(string)     {}
func (h *heard) Close()           {}
func (h *heard) Send(data []byte) { h.messages = append(h.messages, len(data)) }

func TestAHaveWaitsForAMessageWithWhichItLeaves(t *testing.T) {
	var with, without heard
	c := &Client{conns: map[node.Conn]*link{1: {conn: &with}, 2: {conn: &without}}}
	now := time.Unix(1e9, 0)
	have, request := wire.Size(wire.Have{}), wire.Size(wire.Request{})
	// Given two peers that are told of a piece,
	c.send(1, wire.Have{})
	c.send(2, wire.Have{})
	c.flushAll(now)
	if len(with.messages)+len(without.messages) != 0 || !c.flushAt.Equal(now.Add(patientFor)) {
		t.Fatalf("sent %v and %v at once; flushAt %v", with.messages, without.messages, c.flushAt)
	}
	// when one of them is asked for something,
	c.send(1, wire.Request{})
	c.flushAll(now.Add(patientFor / 2))
	// then both leave together,
	if len(with.messages) != 1 || with.messages[0] != have+request || len(without.messages) != 0 {
		t.Fatalf("sent %v and %v", with.messages, without.messages)
	}
	// and the other's when it has waited for long enough.
	c.flushAll(now.Add(patientFor))
	if len(without.messages) != 1 || !c.flushAt.IsZero() || len(c.flush) != 0 {
		t.Errorf("sent %v, flushAt %v, %d links wait", without.messages, c.flushAt, len(c.flush))
	}
}

func TestFourBlocksAreOneMessage(t *testing.T) {
	var conn heard
	c := &Client{conns: map[node.Conn]*link{1: {conn: &conn}}}
	block := wire.Piece{Block: make([]byte, 16<<10)}
	for range 8 {
		c.send(1, block)
	}
	c.flushAll(time.Unix(1e9, 0))
	if len(conn.messages) != 2 || conn.messages[0] != MaxMessage || conn.messages[1] != MaxMessage {
		t.Errorf("eight blocks were sent as %v", conn.messages)
	}
}
