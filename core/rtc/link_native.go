//go:build !js

package rtc

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	"github.com/pion/sctp"
	"github.com/pion/webrtc/v4"
)

// maxUnread is how many bytes of a connection may wait for their Received
// before pion is held up, and with it the peer.
const maxUnread = 1 << 20

// factory makes pion's connections, all of one setting.
type factory struct{ api *webrtc.API }

func newFactory() factory {
	var s webrtc.SettingEngine
	// A browser on the same machine may have nothing but its loopback; one on
	// the same network hides its address behind a name (mDNS).
	s.SetIncludeLoopbackCandidate(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeQueryOnly)
	// What peers do wrong is told by Closed and is no line in our log.
	s.LoggerFactory = &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled}
	return factory{webrtc.NewAPI(webrtc.WithSettingEngine(s))}
}

func (f factory) construct(config webrtc.Configuration) (*webrtc.PeerConnection, error) {
	pc, err := f.api.NewPeerConnection(config)
	if err != nil {
		return nil, fmt.Errorf("new connection: %w", err)
	}
	return pc, nil
}

// destroy returns when none of pion's goroutines is left. Its error would tell
// of a connection that nobody has any more.
func (f factory) destroy(pc *webrtc.PeerConnection) { _ = pc.GracefulClose() }

func (f factory) close() {}

// watched is how a connection's news reach us; pion's handlers need no release.
type watched struct{}

func watch(pc *webrtc.PeerConnection, c *conn) watched {
	var w watched
	pc.OnICECandidate(func(candidate *webrtc.ICECandidate) {
		if candidate == nil {
			c.note(func(n *news) { n.gathered = true })
			return
		}
		c.found(candidate.Typ == webrtc.ICECandidateTypeSrflx)
	})
	pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) { c.changed(state.String()) })
	pc.OnDataChannel(func(dc *webrtc.DataChannel) { w.add(dc, c) })
	return w
}

func (w watched) release() {}

// add takes a channel, ours or the peer's, if it is the first.
func (w watched) add(dc *webrtc.DataChannel, c *conn) {
	if !c.adopt(&channel{dc}) {
		dc.OnOpen(func() { _ = dc.Close() }) // before that pion takes no close
		return
	}
	dc.OnOpen(func() { c.note(func(n *news) { n.opened = true }) })
	dc.OnMessage(func(message webrtc.DataChannelMessage) {
		if message.IsString {
			c.fail(ErrText)
			return
		}
		c.receive(message.Data)
		c.waitForRoom()
	})
	dc.OnBufferedAmountLow(func() { c.note(func(n *news) { n.low = true }) })
	dc.OnError(func(err error) { c.fail(channelError(err)) })
	dc.OnClose(func() { c.fail(nil) })
}

// channelError is nil where the peer closed its connection in order: pion and
// Chromium say so by an SCTP abort with the cause "User-Initiated Abort"
// (RFC 9260, 3.3.10.12).
func channelError(err error) error {
	if errors.Is(err, sctp.ErrChunk) && strings.Contains(err.Error(), "User Initiated Abort") {
		return nil
	}
	return fmt.Errorf("channel: %w", err)
}

// remoteAddr is where the peer is, zero where pion does not know.
func remoteAddr(pc *webrtc.PeerConnection) netip.Addr {
	pair, err := pc.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair == nil {
		return netip.Addr{}
	}
	return addrOf(pair.Remote.Typ.String(), pair.Remote.Address)
}

// waitForRoom holds up pion's reading while too much is unread.
func (c *conn) waitForRoom() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.news.unread > maxUnread && !c.news.over {
		c.room.Wait()
	}
}

// channel is a data channel.
type channel struct{ dc *webrtc.DataChannel }

func (ch *channel) send(message []byte) error { return ch.dc.Send(message) }
func (ch *channel) buffered() int64           { return int64(ch.dc.BufferedAmount()) }
func (ch *channel) setLow(low int64)          { ch.dc.SetBufferedAmountLowThreshold(uint64(low)) }
