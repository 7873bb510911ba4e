"""Thirty short articles, ten of which have a question; the questions use other words than the articles."""

# Subject, then paragraphs; each article becomes a document of its own.
ASKED: dict[str, tuple[str, list[str]]] = {
    "How long can a camel go without drinking?": (
        "Dromedaries",
        [
            "A dromedary stores fat in its hump, which it burns when food is scarce.",
            (
                "In cool weather it may live for weeks on the moisture of plants alone, and in summer heat "
                "it endures about ten days before it has to find a well."
            ),
        ],
    ),
    "Why do bakers let dough rest in the cold?": (
        "Bread made over two days",
        [
            "Flour, salt and a little yeast are mixed in the evening.",
            (
                "Kept in the refrigerator overnight, the mass ferments slowly: acids build up that give the "
                "crumb its taste, and the gluten relaxes so that loaves are easier to shape."
            ),
        ],
    ),
    "Which metal is liquid when it is warm in the room?": (
        "Elements that melt early",
        [
            "Most metals have to be heated to hundreds of degrees.",
            (
                "Mercury already flows at minus 39 degrees Celsius, which is why it filled thermometers for "
                "three centuries until its vapour was found to be poisonous."
            ),
        ],
    ),
    "What happens when I return a rented bicycle too late?": (
        "Terms of the cycle hire",
        [
            "A deposit of fifty euros is taken when the vehicle is handed over.",
            (
                "Whoever brings it back after closing time pays for another full day, and after two days of "
                "silence the police are informed."
            ),
        ],
    ),
    "How are bees told where the flowers are?": (
        "The waggle dance",
        [
            "Inside the dark hive a forager runs a figure of eight on the comb.",
            (
                "The angle of its middle line stands for the direction relative to the sun, and the length "
                "of the run for the distance to the blossoms; other workers follow with their antennae."
            ),
        ],
    ),
    "Who may sign contracts for the society?": (
        "Statutes of the choir",
        [
            "Members meet once a year, in March, to elect the board.",
            (
                "Towards third parties the association is represented by the chair and the treasurer "
                "jointly; for sums below five hundred euros either of them is enough."
            ),
        ],
    ),
    "What makes the northern lights green?": (
        "Aurora",
        [
            "Charged particles from the sun are guided by the Earth's magnetic field towards the poles.",
            (
                "At about a hundred kilometres they strike atoms of oxygen, which send out the emerald glow; "
                "higher up the same gas shines red, and nitrogen adds violet edges."
            ),
        ],
    ),
    "How do I reset the heating after a power cut?": (
        "Boiler manual, section 7",
        [
            "The display shows E04 once the supply of electricity was interrupted.",
            (
                "Hold the key with the flame for eight seconds until the lamp blinks, wait for the pump to "
                "start, then set the clock again: the weekly programme is kept."
            ),
        ],
    ),
    "Why did sailors suffer from bleeding gums?": (
        "Scurvy",
        [
            "On long voyages crews lived on biscuit and salted meat.",
            (
                "Without fresh fruit the body runs out of vitamin C, wounds reopen and teeth loosen; in 1747 "
                "James Lind treated six pairs of men and saw that lemons and oranges cured them."
            ),
        ],
    ),
    "How often should the filter of the pond be cleaned?": (
        "Keeping koi",
        [
            "Feed only as much as is eaten within five minutes.",
            (
                "Rinse the sponges every two weeks in summer with water from the basin itself, never from "
                "the tap, since chlorine kills the bacteria that live in them."
            ),
        ],
    ),
}
OTHERS: dict[str, list[str]] = {
    "Lighthouses": ["Fresnel's lens of 1823 bundles the light of one lamp so that it is seen from afar."],
    "Chess clocks": ["Each player presses a lever after the move; whose time runs out has lost the game."],
    "Terracotta": ["Unglazed clay fired at a thousand degrees stays porous and takes on water."],
    "Llamas": ["They carry loads across the Andes and lie down when the burden is too heavy."],
    "Sourdough": ["A starter of flour and water is fed each day until it doubles in a few hours."],
    "Aluminium": ["It was dearer than silver until electrolysis made it cheap around 1890."],
    "Car sharing": ["Members open the doors with a card, and the tank is filled with the card inside."],
    "Wasps": ["They build nests of paper from chewed wood, and die in autumn but for the queens."],
    "Rules of the gym": ["Shoes for the street stay outside, and a towel is used on every bench."],
    "Rainbows": ["Sunlight is bent and mirrored within drops; red leaves at forty-two degrees."],
    "Dishwasher manual": ["Salt goes into the container at the bottom when the lamp with the tap is lit."],
    "Malaria": ["Mosquitoes carry the parasite, and the bark of the cinchona gave the first cure."],
    "Goldfish": ["A bowl is too small for them; they need thirty litres each and live for decades."],
    "Viking ships": ["Planks of oak overlap and are riveted, so that the hull bends with the waves."],
    "Tides": ["The moon's pull raises the sea twice a day, and most when the sun pulls the same way."],
    "Coffee": ["Beans are roasted at two hundred degrees until they crack for the first time."],
    "Printing": ["Movable letters of lead, tin and antimony could be set, used and melted again."],
    "Volcanoes": ["Magma rich in silica is thick and explodes, while basalt flows quietly."],
    "Knitting": ["Wool is cast on to one needle, and every second row is worked from the back."],
    "Railway gauges": ["Rails stand 1435 millimetres apart in most countries, wider in Spain and Russia."],
}
