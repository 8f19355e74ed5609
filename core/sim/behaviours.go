package sim

import "fmt"

// newBehaviour makes an enemy by its name in a scenario. strength is the number
// behind the name; each peer has a Behaviour of its own.
func newBehaviour(name string, strength float64) (Behaviour, error) {
	switch name {
	case "poisons":
		return poisoner{part: strength}, nil
	case "rejoins":
		return rejoiner{poisoner{part: strength}}, nil
	case "free-rides":
		return freeRider{}, nil
	case "trickles":
		return slowLoris{}, nil
	case "flaps":
		return &flapper{}, nil
	case "boasts":
		return haveLiar{}, nil
	case "boasts-silently":
		return haveLiar{silent: true}, nil
	case "forges-metadata":
		return metadataLiar{size: int64(strength)}, nil
	case "floods-requests":
		return requestFlood{}, nil
	case "floods-keepalives":
		return newKeepAliveFlood(), nil
	case "talks-big":
		return bigTalker{}, nil
	case "floods-offers":
		return &offerFlood{}, nil
	}
	return nil, fmt.Errorf("no enemy behaves like %q", name)
}
